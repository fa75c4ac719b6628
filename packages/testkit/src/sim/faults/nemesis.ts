import type { Owner } from "../../ports/owner.ts";
import type { SeededRandom } from "../../random/seeded-random.ts";
import { clockJump, clockSkew } from "./clock-faults.ts";
import { flush, leaderTransfer, membershipChange } from "./cluster-actions.ts";
import { fullDisk, rottenFile, rottenLog, slowDisk, stalledDisk, syncError, writeError } from "./disk-faults.ts";
import { FAULT_KINDS, type FaultKind, type FaultUnderWay, type Scene, type StartFault } from "./fault.ts";
import {
  dropMessages,
  duplicateMessages,
  isolatedNode,
  lateAnswers,
  oneWayPartition,
  partition,
  reorderMessages,
  resetConnections,
  slowLink,
} from "./network-faults.ts";
import { cleanRestart, emptyDisk, kill, losePower, losePowerOfAll, pause } from "./process-faults.ts";

const STARTS: Readonly<Record<FaultKind, StartFault>> = {
  kill,
  "power loss": losePower,
  "power loss of all": losePowerOfAll,
  "clean restart": cleanRestart,
  pause,
  partition,
  "one-way partition": oneWayPartition,
  "isolated node": isolatedNode,
  "reset connections": resetConnections,
  "slow link": slowLink,
  "late answers": lateAnswers,
  "drop messages": dropMessages,
  "duplicate messages": duplicateMessages,
  "reorder messages": reorderMessages,
  "clock skew": clockSkew,
  "clock jump": clockJump,
  "slow disk": slowDisk,
  "stalled disk": stalledDisk,
  "disk full": fullDisk,
  "write error": writeError,
  "sync error": syncError,
  "rotten log": rottenLog,
  "rotten file": rottenFile,
  "empty disk": emptyDisk,
  "leader transfer": leaderTransfer,
  "membership change": membershipChange,
  flush,
};

/** Each seed has some kinds of faults only, and some pace: what is rare together with everything is common in some runs. */
export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  readonly meanGapMs: number;
}

export function drawPlan(random: SeededRandom): FaultPlan {
  const share = random.between(0.15, 0.7);
  const kinds = FAULT_KINDS.filter(() => random.chance(share));
  return { kinds: kinds.length > 0 ? kinds : [random.pick(FAULT_KINDS)], meanGapMs: random.between(700, 5000) };
}

/** Lets faults of a plan happen, until it is told to stop; then all of them end. */
export class Nemesis {
  readonly counts = new Map<FaultKind, number>();
  readonly #scene: Scene;
  readonly #plan: FaultPlan;
  readonly #owner: Owner;
  readonly #underWay = new Set<FaultUnderWay>();
  #stopped = false;

  constructor(scene: Scene, plan: FaultPlan) {
    this.#scene = scene;
    this.#plan = plan;
    this.#owner = scene.cluster.world.scheduler.owner("nemesis");
  }

  start(): void {
    this.#next();
  }

  #next(): void {
    const { random } = this.#scene;
    const gapMs = -Math.log(1 - random.unit()) * this.#plan.meanGapMs;
    this.#owner.after(gapMs, "fault", () => {
      if (this.#stopped) return;
      this.begin(random.pick(this.#plan.kinds));
      this.#next();
    });
  }

  /** Starts a fault, also after `stop`; false when it makes no sense now. */
  begin(kind: FaultKind): boolean {
    const fault = STARTS[kind](this.#scene);
    if (fault === undefined) return false;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#underWay.add(fault);
    this.#owner.after(fault.forMs, "fault ends", () => this.#end(fault));
    return true;
  }

  #end(fault: FaultUnderWay): void {
    if (this.#underWay.delete(fault)) fault.end();
  }

  /** No more faults, and those under way end; whatever is down is started. */
  stop(): void {
    this.#stopped = true;
    for (const fault of [...this.#underWay]) this.#end(fault);
  }
}
