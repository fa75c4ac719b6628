import { Scheduler } from "../src/index.ts";

/** A world whose time passes by itself, for suites that wait in their own way; `stop` ends it, and fails with what went wrong. */
export function pumped(): { readonly scheduler: Scheduler; readonly stop: () => void } {
  const scheduler = new Scheduler();
  let failure: unknown;
  const end = scheduler.pump((error) => {
    failure = error;
  });
  return {
    scheduler,
    stop() {
      end();
      if (failure !== undefined) throw failure;
    },
  };
}
