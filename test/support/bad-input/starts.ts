import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = resolve(fileURLToPath(import.meta.url), "../../../..");
const MAIN = join(PROJECT, "packages/server/src/main.ts");
const LIMIT_MS = 30_000;

/** How a start of a node ended. `exit` is undefined when it was still running at the limit, and was ended. */
export interface StartResult {
  readonly exit: number | undefined;
  readonly stderr: string;
}

const directories: string[] = [];

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "ringtide-bad-input-"));
  directories.push(directory);
  return directory;
}

export function removeTemporaryDirectories(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** Starts a node that is expected to refuse, and waits for its end. */
export function startNode(args: readonly string[]): Promise<StartResult> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: PROJECT, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.on("error", reject);
    child.on("close", (exit) => {
      clearTimeout(timer);
      done({ exit: exit ?? undefined, stderr });
    });
  });
}

/** Runs the tasks, `width` of them at a time. */
export async function inParallel(width: number, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: width }, worker));
}
