import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import type { Configuration, RaftStatus } from "@ringtide/raft";
import type { LogImage } from "./log-image.ts";
import { Violation } from "./violation.ts";

interface Place {
  readonly index: number;
  readonly configuration: Configuration;
}

const TEXTS = new WeakMap<Configuration, string>();

/** One text for one configuration. */
function configurationText(configuration: Configuration): string {
  let text = TEXTS.get(configuration);
  if (text === undefined) {
    const { voters, votersOutgoing, learners } = configuration;
    text = `voters ${voters.toSorted()}, outgoing ${votersOutgoing.toSorted()}, learners ${learners.toSorted()}`;
    TEXTS.set(configuration, text);
  }
  return text;
}

/**
 * The configuration in force at a replica is the last of its log (thesis section 4.1): from the committed entries, as far as it knows them
 * committed, and behind that from what stands in its own log files.
 */
export class ConfigurationCheck {
  /** By group: the configurations that were committed, the one that it began with first. */
  readonly #committed = new Map<GroupNumber, Place[]>();

  /** The group begins with a configuration that is in no log: the first that is seen of it. */
  begin(group: GroupNumber, configuration: Configuration): void {
    if (!this.#committed.has(group)) this.#committed.set(group, [{ index: 0, configuration }]);
  }

  committed(group: GroupNumber, index: number, configuration: Configuration): void {
    this.#committed.get(group)?.push({ index, configuration });
  }

  check(node: NodeId, group: GroupNumber, status: RaftStatus, image: LogImage): void {
    const { commit, lastIndex, durableIndex } = status;
    if (durableIndex < lastIndex) return; // not all of it is in the files yet
    const change = image.lastChange(group, commit + 1, lastIndex);
    const known =
      change === undefined ? this.#committedUpTo(group, commit)?.configuration : image.configuration(group, change);
    const expected = known && configurationText(known);
    const actual = configurationText(status.configuration);
    if (actual !== expected)
      throw new Violation(
        "the configuration is the last of the log",
        `node ${node}, ${groupName(group)}, up to ${lastIndex}: ${actual} instead of ${expected}`,
      );
  }

  /**
   * The configuration whose quorum committed an entry, at a replica that has just learnt that it is committed. A change of members begins when
   * the one before it is committed: what lies before that one was committed under it.
   */
  inForceAt(group: GroupNumber, index: number, status: RaftStatus, image: LogImage): Configuration {
    const before = image.lastChange(group, 1, status.configurationIndex - 1);
    const earlier = before !== undefined && index <= before ? image.configuration(group, before) : undefined;
    return earlier ?? status.configuration;
  }

  #committedUpTo(group: GroupNumber, commit: number): Place | undefined {
    return this.#committed.get(group)?.findLast(({ index }) => index <= commit);
  }
}
