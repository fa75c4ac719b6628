import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileSystemOf } from "./usage.ts";

/** Makes a directory of this run's own below `parent`, which must not be in memory: there a sync costs nothing. */
export function makeRunDirectory(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const path = realpathSync(parent);
  const fileSystem = fileSystemOf(path);
  if (fileSystem === "tmpfs" || fileSystem === "ramfs")
    throw new Error(`${path} is on ${fileSystem}; name a directory on a disk with --dir`);
  return mkdtempSync(join(path, "run-"));
}

/** Runs `work` in a directory of its own and removes that at the end; `end` ends what was started, also after a failure or a signal. */
export async function inRunDirectory<T>(
  parent: string,
  work: (directory: string) => Promise<T>,
  end: () => Promise<void> | void,
): Promise<T> {
  const directory = makeRunDirectory(parent);
  let ending: Promise<void> | undefined;
  let isStopped = false;
  const cleanUp = () => {
    ending ??= (async () => {
      await end();
      rmSync(directory, { recursive: true, force: true });
    })();
    return ending;
  };
  endOnSignal(() => {
    isStopped = true;
    return cleanUp();
  });
  try {
    return await work(directory);
  } catch (error) {
    if (isStopped) await new Promise(() => undefined); // it failed because its processes were ended: the signal's handler exits
    throw error;
  } finally {
    await cleanUp();
  }
}

/** What a bench starts outlives it unless it is ended: no later run finds it. */
export function endOnSignal(end: () => Promise<void>): void {
  const stop = () => {
    end()
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit(130));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
}
