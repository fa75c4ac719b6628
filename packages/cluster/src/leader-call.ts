import type { Clock, Deadline, GroupNumber, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, hasCode, RingtideError, sleep } from "@ringtide/common";
import type { Leaders } from "./leaders.ts";
import { Tried } from "./tried.ts";

export type Consistency = "strong" | "mid" | "weak";

export interface LeaderCallOptions {
  readonly consistency: "strong" | "mid";
  /** Of the whole query. */
  readonly deadline: Deadline;
  readonly signal: AbortSignal;
}

const RETRY_PAUSE_MS = 40;
/** The leader that is asked first has this long to confirm; with `strong` each later one twice as long as the one before: a busy cluster gets its turn. */
const FIRST_ATTEMPT_MS = 1000;
const LONGEST_ATTEMPT_DOUBLINGS = 6;
/** `strong` ends a little before the query does, so that its error says what was missing. */
const STRONG_SHARE = 0.95;

/** Finds the leader of a group that confirms its leadership. */
export class LeaderCall {
  readonly #leaders: Leaders;
  readonly #self: NodeId;
  readonly #clock: Clock;

  constructor(leaders: Leaders, self: NodeId, clock: Clock) {
    this.#leaders = leaders;
    this.#self = self;
    this.#clock = clock;
  }

  /**
   * What `attempt` gives at a node where it succeeds. `strong` looks for the leader until the query's time is nearly over, then throws
   * CONSISTENCY_UNAVAILABLE. `mid` asks who seems to lead, each node once and for a second or a quarter of the time at most: undefined
   * when none confirmed.
   */
  async ask<T>(
    group: GroupNumber,
    options: LeaderCallOptions,
    attempt: (node: NodeId, withinMs: number) => Promise<T>,
  ): Promise<T | undefined> {
    const { deadline, signal } = options;
    const isStrong = options.consistency === "strong";
    const share = isStrong ? deadline.leftMs * STRONG_SHARE : Math.min(FIRST_ATTEMPT_MS, deadline.leftMs / 4);
    const trial = deadline.part(share);
    const tried = new Tried();
    for (let attempts = 0; !trial.isOver; attempts++) {
      const node = isStrong ? this.#likely(group, attempts) : this.#known(group, attempts);
      if (node === 0 || (!isStrong && tried.has(node))) break;
      const patienceMs = FIRST_ATTEMPT_MS * 2 ** Math.min(attempts, LONGEST_ATTEMPT_DOUBLINGS);
      try {
        return await attempt(node, Math.min(trial.leftMs, patienceMs));
      } catch (error) {
        const known = asRingtideError(error);
        if (signal.aborted || !mayAskAgain(known)) throw known;
        this.#leaders.learn(group, known);
        tried.add(node, known);
      }
      if (isStrong) await sleep(this.#clock, Math.min(RETRY_PAUSE_MS, trial.leftMs), signal);
    }
    if (!isStrong) return undefined;
    throw new RingtideError(
      "CONSISTENCY_UNAVAILABLE",
      `strong: no leader of ${groupName(group)} confirmed within ${Math.round(trial.timeoutMs)} ms that it leads (${tried})`,
    );
  }

  /** Where to look for the leader: the members that are up in turn when none is known, and now and then any other. */
  #likely(group: GroupNumber, attempts: number): NodeId {
    const members = this.#leaders.membersOf(group);
    if (attempts % 4 === 3) return members[Math.floor(attempts / 4) % members.length] ?? 0;
    const known = this.#leaders.liveLeaderOf(group);
    if (known !== 0) return known;
    const up = members.filter((member) => this.#leaders.isAlive(member));
    return up[attempts % up.length] ?? members[attempts % members.length] ?? 0;
  }

  /** 0 when no leader is to be seen. A node without a replica asks the members, who know. */
  #known(group: GroupNumber, attempts: number): NodeId {
    const known = this.#leaders.liveLeaderOf(group);
    if (known !== 0 || this.#leaders.membersOf(group).includes(this.#self)) return known;
    return this.#likely(group, attempts);
  }
}

function mayAskAgain(error: RingtideError): boolean {
  return error.spec.retryable || hasCode(error, "CONSISTENCY_UNAVAILABLE");
}
