import type { Clock } from "@ringtide/common";
import type { RaftLog } from "@ringtide/raftlog";
import type { DiskWatch } from "./disk-watch.ts";
import type { ProofOfLife } from "./transport.ts";

/** How long a stall of the main loop stays in the proof of life. */
const MEMORY_MS = 1000;

/** Measures what proves that this node lives: its disk answers and its main loop turns. And how full its disk is. */
export class NodeHealth {
  readonly #clock: Clock;
  readonly #log: RaftLog;
  readonly #diskWatch: Pick<DiskWatch, "level">;
  readonly #tickMs: number;
  #lastTickMs: number;
  #longestTurnMs = 0;
  #longestAtMs = 0;

  constructor(clock: Clock, log: RaftLog, diskWatch: Pick<DiskWatch, "level">, tickMs: number) {
    this.#clock = clock;
    this.#log = log;
    this.#diskWatch = diskWatch;
    this.#tickMs = tickMs;
    this.#lastTickMs = clock.monotonicMs();
  }

  /** Called at each tick; returns how long the main loop was late. */
  tick(): number {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = Math.max(0, nowMs - this.#lastTickMs - this.#tickMs);
    this.#lastTickMs = nowMs;
    if (lateMs >= this.#longestTurnMs || nowMs - this.#longestAtMs > MEMORY_MS) {
      this.#longestTurnMs = lateMs;
      this.#longestAtMs = nowMs;
    }
    return lateMs;
  }

  proof(): ProofOfLife {
    return {
      oldestPendingSyncMs: this.#log.oldestPendingSyncMs(),
      longestTurnMs: this.#longestTurnMs,
      diskLevel: this.#diskWatch.level,
    };
  }
}
