import type { Clock } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";

/** A clock whose timers fire at once and move its time on by what they were to wait; `waits` has the delays asked for. */
export class HastyClock implements Clock {
  readonly waits: number[] = [];
  /** Called with the number of waits before each fires. */
  onWait: (count: number) => void = () => undefined;
  #skippedMs = 0;

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#skippedMs;
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  setTimer(delayMs: number, callback: () => void) {
    this.waits.push(delayMs);
    const count = this.waits.length;
    return systemClock.setTimer(0, () => {
      this.#skippedMs += delayMs;
      this.onWait(count);
      callback();
    });
  }

  nextTurn(callback: () => void): void {
    systemClock.nextTurn(callback);
  }
}
