import { type Config, META_GROUP, type NodeId, type RingtideError } from "@ringtide/common";
import type { Step } from "../ports/scheduler.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { ConsensusChecks } from "./checks/consensus-checks.ts";
import { FileChecks } from "./checks/file-checks.ts";
import { LogImage } from "./checks/log-image.ts";
import { NodeObserver } from "./checks/node-observer.ts";
import { watchDisk } from "./checks/watch-disk.ts";
import type { Coverage } from "./coverage.ts";
import { judgeEnd } from "./endings.ts";
import type { Scene } from "./faults/fault.ts";
import { drawPlan, Nemesis } from "./faults/nemesis.ts";
import { countLogLine } from "./log-events.ts";
import { isSettled } from "./quiet-point.ts";
import { SimCluster } from "./sim-cluster.ts";
import { SMALL_SIZES } from "./sim-config.ts";
import type { SimNode } from "./sim-node.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const BUDGETS = { unappliedBytes: 4 * MIB, memtableBytes: 64 * MIB };

/** Events in which groups act on what came in: what they let others see afterwards was true then. The rest only brings things to them. */
const ACTS: ReadonlySet<string> = new Set(["turn", "timer", "datasync", "kv sync"]);

/** As an operator's supervisor would: a node that ended by itself is started again. */
const RESTART_AFTER_MS = 1500;

/** Of seeds in which a log rots once all is well, and how long that may wait for a moment without entries under way. */
const ROT_IN_PEACE_CHANCE = 0.4;
const ROT_WITHIN_MS = 2000;

/** Keys of the configuration that a simulated cluster sets apart from the defaults; some differ from seed to seed. */
function drawFlags(random: SeededRandom): Record<string, string> {
  return {
    disk_low_water_bytes: String(4 * MIB),
    disk_reserve_bytes: String(MIB),
    catch_up_timeout_ms: "30000",
    write_operation_timeout_ms: "10000",
    read_operation_timeout_ms: "10000",
    max_number_of_persist_raft_log_files: String(random.pick([1, 3])),
    max_persist_raft_log_number_on_disk: String(random.pick([20, 60, 1000])),
    quiesce_after_ms: String(random.pick([0, 1000, 3000])),
    lease_reads: String(random.chance(0.35)),
  };
}

/** Sizes so small that everything that has a size is reached, in some seeds sooner than in others. */
function drawSizes(random: SeededRandom): Partial<Config> {
  return {
    ...SMALL_SIZES,
    maxRaftLogPersistDataSizePerFile: random.pick([16 * KIB, 64 * KIB, 256 * KIB]),
    memtableCloseBytes: random.pick([4 * KIB, 16 * KIB, 64 * KIB]),
    logCloseBytes: random.pick([16 * KIB, 64 * KIB]),
    ...random.pick([
      { minNumOfLogsInMem: 1, maxNumOfLogsInMem: 4 },
      { minNumOfLogsInMem: 10, maxNumOfLogsInMem: 40 },
    ]),
  };
}

/** One cluster under one seed, with all that looks at it and all that goes wrong in it. */
export class Simulation {
  readonly cluster: SimCluster;
  readonly nemesis: Nemesis;
  readonly #scene: Scene;
  readonly #observers = new Map<string, NodeObserver>();
  readonly #coverage: Coverage;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #consensus: ConsensusChecks;
  #leaderChangedMs = 0;
  #error: unknown;

  constructor(seed: number, random: SeededRandom, coverage: Coverage, trace: ((line: string) => void) | undefined) {
    this.#coverage = coverage;
    this.#trace = trace;
    const nodes = random.chance(0.12) ? 5 : 3;
    const rates = Array.from({ length: nodes }, () => random.between(0.995, 1.005));
    this.cluster = new SimCluster({
      seed,
      nodes,
      flags: drawFlags(random),
      changes: drawSizes(random),
      machine: (position) => ({ clockRate: rates[position] ?? 1, wallOffsetMs: random.between(-500, 500) }),
    });
    const { scheduler, logs } = this.cluster.world;
    const images = new Map<NodeId, LogImage>(this.cluster.nodes.map((_, i) => [i + 1, new LogImage(i + 1)]));
    this.#consensus = new ConsensusChecks(images, (violation) => this.#note(violation));
    const files = new FileChecks();
    for (const [i, node] of this.cluster.nodes.entries())
      this.#watch(i + 1, node, images.get(i + 1) as LogImage, files);
    scheduler.onStep = (step) => this.#onStep(step);
    logs.onLine = (line) => {
      countLogLine(line, coverage);
      this.#trace?.(`${line.process} says ${line.level}: ${line.message} ${JSON.stringify(line.fields)}`);
    };
    this.#scene = {
      cluster: this.cluster,
      random: random.fork(),
      damaged: new Map(),
      strangers: new Set(),
      say: (line) => this.say(line),
    };
    this.nemesis = new Nemesis(this.#scene, drawPlan(random));
  }

  #watch(id: NodeId, node: SimNode, image: LogImage, files: FileChecks): void {
    const observer = new NodeObserver(id, node, image, this.#consensus, files, BUDGETS);
    this.#observers.set(node.name, observer);
    node.portsOf = (process) => ({
      ...process,
      disk: watchDisk(process.disk, image, {
        onLogRead: () => {
          if (node.state === "runs") this.#consensus.catchUps.diskReads++;
        },
        onViolation: (violation) => this.#note(violation),
      }),
    });
    node.onEnded = () => this.#keep(() => observer.ended());
    node.onServing = () => {
      this.#coverage.add("restart");
      this.#keep(() => observer.started());
    };
    node.onFailure = (error) => {
      this.#keep(() => this.#judgeEnd(node, error));
      this.cluster.world.network.owner.after(RESTART_AFTER_MS, "supervisor", () => {
        if (node.state === "failed") node.start();
      });
    };
  }

  #judgeEnd(node: SimNode, error: RingtideError): void {
    const damage = this.#scene.damaged.get(node);
    if (error.code === "DISK_CORRUPT" && damage !== undefined && error.message.includes("may have taken a vote")) {
      // Damage on top of a torn slot of the hard state: the node asks for its backup, and gets it.
      this.say(`${node.name} gets back what rotted`);
      damage.mend();
      this.#coverage.add("node refused to risk a vote");
    } else if (error.code === "DISK_CORRUPT" && this.#scene.strangers.has(node)) this.#coverage.add("stranger refused");
    else judgeEnd(node.name, error, this.nemesis.counts, this.#coverage);
  }

  #keep(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#note(error);
    }
  }

  /** What turns out outside of an event ends the run at the next one. */
  #note(error: unknown): void {
    this.#error ??= error;
  }

  /** Since any group had a new leader. */
  get sinceLeaderChangeMs(): number {
    return this.cluster.world.nowMs - this.#leaderChangedMs;
  }

  say(line: string): void {
    this.#trace?.(`--- ${line}`);
  }

  #onStep({ owner, label, atMs }: Step): void {
    this.#trace?.(`${atMs.toFixed(3)} ${owner.name} ${label}`);
    if (this.#error !== undefined) throw this.#error;
    if (!ACTS.has(label)) return;
    const { leaderChanges } = this.#consensus;
    this.#observers.get(owner.name)?.observe();
    if (this.#consensus.leaderChanges > leaderChanges) this.#leaderChangedMs = atMs;
  }

  /** Ends all faults, and brings every group back to all of its voters. Returns whether everything came to rest within the bound. */
  async recover(limitMs: number): Promise<boolean> {
    this.nemesis.stop();
    this.say("no more faults");
    const { world, nodes } = this.cluster;
    world.network.healAll();
    world.network.messageFaults = undefined;
    for (const node of nodes) {
      node.machine.disk.device.heal();
      node.machine.setClockRate(1);
      node.resume();
      if (node.state === "off" || node.state === "failed") node.start();
    }
    const settled = await world.scheduler.runUntil(() => this.#bringBack(), world.nowMs + limitMs);
    this.#scene.damaged.clear();
    return settled;
  }

  /**
   * In some seeds the log of one node rots once all is well: who leads then goes on leading, and has to find out that the replica is not where
   * it was. True when one did.
   */
  async rotInPeace(): Promise<boolean> {
    if (!this.#scene.random.chance(ROT_IN_PEACE_CHANCE)) return false;
    const { world } = this.cluster;
    return world.scheduler.runUntil(() => this.nemesis.begin("rotten log"), world.nowMs + ROT_WITHIN_MS);
  }

  /** Called after each event: now and then learners are made voters again, and the damaged are looked at. */
  #bringBack(): boolean {
    const { nowMs } = this.cluster.world;
    if (nowMs < this.#nextLookMs) return false;
    this.#nextLookMs = nowMs + 200;
    let whole = true;
    for (const node of this.cluster.nodes)
      for (const { group, role } of node.node?.cluster.localStatus().replicas ?? []) {
        const raft = node.node?.cluster.snapshotGroup(group)?.raft;
        if (raft === undefined || group === META_GROUP || role !== "leader") continue;
        const { voters, learners, votersOutgoing } = raft.status().configuration;
        if (learners.length === 0 && votersOutgoing.length === 0) continue;
        whole = false;
        if (votersOutgoing.length > 0) continue;
        try {
          raft.changeConfiguration({ voters: [...voters, ...learners], learners: [] });
        } catch {
          // Not now: the next look tries again.
        }
      }
    return whole && isSettled(this.cluster);
  }
  #nextLookMs = 0;

  /** Damage that has been repaired meanwhile is damage no more. */
  lookAtDamage(): void {
    for (const [node, damage] of this.#scene.damaged) {
      const cluster = node.node?.cluster;
      if (cluster === undefined) continue;
      const groups = [META_GROUP, ...cluster.metaState.table.groups.map(({ group }) => group)];
      const isWhole = groups.every((group) => {
        const found = cluster.snapshotGroup(group);
        if (found === undefined) return true;
        const { mayVote, applied, commit } = found.raft.status();
        return mayVote && applied === commit && (found.storage?.damagedFiles().length ?? 0) === 0;
      });
      if (isWhole && damage.isGone()) this.#scene.damaged.delete(node);
    }
  }

  /** Adds what was counted on the way. */
  finish(): void {
    for (const [kind, count] of this.nemesis.counts) this.#coverage.add(`fault: ${kind}`, count);
    for (const observer of this.#observers.values()) this.#coverage.add("file closed", observer.flushes);
    for (const observer of this.#observers.values()) this.#coverage.add("group fell quiet", observer.quietTimes);
    this.#coverage.add("leader change", this.#consensus.leaderChanges);
    this.#coverage.add("catch-up from the log on disk", this.#consensus.catchUps.diskReads);
    this.#coverage.add("catch-up from memory", this.#consensus.catchUps.fromMemory);
  }
}
