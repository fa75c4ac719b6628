import { createDigest } from "@ringtide/tsfile";
import { runSeed } from "./run-seed.ts";

/** Runs the seeds that its parent sends, one after the other, and sends back their results. */
async function serve(): Promise<void> {
  // Loading code is not part of the simulated world: it would end at a time that only the machine decides.
  await createDigest();
  // Simulated nodes refuse a lot; where from shows a replay of the seed.
  Error.stackTraceLimit = 4;
  process.on("unhandledRejection", (error) => {
    const message = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    process.send?.({ unhandled: message });
  });
  process.on("message", (seed: number) => {
    runSeed(seed).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ unhandled: String(error) }),
    );
  });
  process.send?.({ ready: true });
}

await serve();
