import { type Clock, RingtideError } from "@ringtide/common";

/**
 * Ends after `timeoutMs` at the latest, whatever `run` does: its signal is aborted then, and NET_TIMEOUT (outcome unknown) is the answer. What
 * it gives later is not looked at.
 */
export function withDeadline<T>(clock: Clock, timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => {
      const late = new RingtideError("NET_TIMEOUT", `no answer in ${timeoutMs} ms`);
      reject(late);
      controller.abort(late);
    });
    run(controller.signal).then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
