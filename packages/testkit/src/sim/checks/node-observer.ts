import { type Clock, groupName, META_GROUP, type NodeId } from "@ringtide/common";
import type { RaftStatus } from "@ringtide/raft";
import type { DiskStore } from "../../ports/disk/disk-store.ts";
import { DATA_ASIDE, LOG_ASIDE } from "../faults/fault.ts";
import type { SimNode } from "../sim-node.ts";
import type { ConsensusChecks } from "./consensus-checks.ts";
import type { FileChecks } from "./file-checks.ts";
import type { LogImage } from "./log-image.ts";
import { readRecords } from "./log-parser.ts";
import { Violation } from "./violation.ts";

const LOG_DIRECTORIES = [`${DATA_ASIDE}/log/`, `${LOG_ASIDE}/`, "/data/log/"];

/** Budgets that a group may never exceed, with room for one entry of the largest size. */
export interface Budgets {
  readonly unappliedBytes: number;
  readonly memtableBytes: number;
}

/** Looks at all replicas of one node after each of its events. */
export class NodeObserver {
  readonly id: NodeId;
  readonly #node: SimNode;
  readonly #image: LogImage;
  readonly #consensus: ConsensusChecks;
  readonly #files: FileChecks;
  readonly #budgets: Budgets;
  readonly #checkpoints = new Map<number, number>();
  /** Incarnations of each group's core, told apart by the object. */
  #cores = new Map<number, { readonly key: object; readonly number: number }>();
  #incarnations = 0;
  /** Last index of each group's log as its core had it last, where that may vote. */
  readonly #lastIndexes = new Map<number, number>();
  /** What the logs reach to at least after a start; less is a loss that has to be noticed. */
  readonly #promised = new Map<number, number>();
  /** Files closed, here: for the coverage table. */
  flushes = 0;
  /** Times that a group fell quiet, here. */
  quietTimes = 0;
  readonly #quiet = new Set<number>();

  constructor(
    id: NodeId,
    node: SimNode,
    image: LogImage,
    consensus: ConsensusChecks,
    files: FileChecks,
    budgets: Budgets,
  ) {
    this.id = id;
    this.#node = node;
    this.#image = image;
    this.#consensus = consensus;
    this.#files = files;
    this.#budgets = budgets;
  }

  /** The process ended: of its log only what cannot be lost any more counts. */
  ended(): void {
    this.#cores.clear();
    this.#checkpoints.clear();
    this.#consensus.ended(this.id);
    const { disk } = this.#node.machine;
    readImage(disk, this.#image, (path) => disk.durable(path));
    for (const [group, lastIndex] of this.#lastIndexes)
      this.#promised.set(group, Math.min(lastIndex, this.#image.lastProven(group)));
    this.#lastIndexes.clear();
  }

  /** It serves again, and has made sure of its log. */
  started(): void {
    const { disk } = this.#node.machine;
    readImage(disk, this.#image, (path) => disk.content(path));
  }

  observe(): void {
    const cluster = this.#node.node?.cluster;
    const clock = this.#node.machine.process?.clock;
    if (cluster === undefined || clock === undefined) return;
    this.#observeGroup(META_GROUP, clock);
    for (const { group, members } of cluster.metaState.table.groups)
      if (members.includes(this.id)) this.#observeGroup(group, clock);
  }

  #observeGroup(group: number, clock: Clock): void {
    const found = this.#node.node?.cluster.snapshotGroup(group);
    if (found === undefined || found.raft.stopped !== undefined || found.raft.isSuspended) {
      this.#consensus.leases.forget(this.id, group);
      return;
    }
    this.#consensus.reads.watch(this.id, group, found.raft);
    const status = found.raft.status();
    const { checkpointIndex } = found.exporter;
    this.#checkPromised(group, status, checkpointIndex);
    this.#consensus.observe({
      node: this.id,
      group,
      incarnation: this.#incarnation(group, found.storage ?? found.raft),
      status,
      checkpointIndex,
      clock,
    });
    if (status.unappliedBytes > this.#budgets.unappliedBytes)
      throw new Violation(
        "budgets",
        `node ${this.id} holds ${status.unappliedBytes} bytes not applied in group ${group}`,
      );
    if (!status.quiet) this.#quiet.delete(group);
    else if (!this.#quiet.has(group)) {
      this.#quiet.add(group);
      this.quietTimes++;
    }
    const { storage } = found;
    if (storage === undefined) return;
    if (storage.memtableBytes > this.#budgets.memtableBytes)
      throw new Violation(
        "budgets",
        `node ${this.id} holds ${storage.memtableBytes} bytes of memtables in group ${group}`,
      );
    const before = this.#checkpoints.get(group);
    if (before === checkpointIndex) return;
    if (before !== undefined) this.flushes++;
    this.#checkpoints.set(group, checkpointIndex);
    this.#files.observe(this.id, group, storage.files());
  }

  /** A log that came back shorter than it was promised to be does not vote, unless files hold what it lost. */
  #checkPromised(group: number, { lastIndex, mayVote }: RaftStatus, checkpointIndex: number): void {
    const promised = this.#promised.get(group) ?? 0;
    this.#promised.delete(group);
    if (mayVote && Math.max(lastIndex, checkpointIndex) < promised)
      throw new Violation(
        "no vote by a log that lost entries",
        `node ${this.id}, ${groupName(group)}: ${promised} was durable, the log ends at ${lastIndex}`,
      );
    if (mayVote) this.#lastIndexes.set(group, lastIndex);
    else this.#lastIndexes.delete(group);
  }

  #incarnation(group: number, key: object): number {
    const known = this.#cores.get(group);
    if (known?.key === key) return known.number;
    const number = ++this.#incarnations;
    this.#cores.set(group, { key, number });
    return number;
  }
}

/** Reads the log of a disk into the image; all that `bytesOf` gives counts as durable. */
function readImage(disk: DiskStore, image: LogImage, bytesOf: (path: string) => Uint8Array): void {
  image.lostMemory();
  // A disk that was taken out keeps what it has: another in its place promises nothing.
  const files = LOG_DIRECTORIES.map((directory) => disk.files(directory)).find(({ length }) => length > 0) ?? [];
  for (const { path } of files) {
    if (!path.endsWith(".log")) continue;
    readRecords(bytesOf(path), path, 0, image);
    image.beginSync(path)();
  }
}
