import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RingtideError } from "@ringtide/common";
import type { LocalNode } from "./state.ts";

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
const MAIN = `${PROJECT}/packages/server/src/main.ts`;
const POLL_MS = 50;

/** Starts a node as a process of its own that outlives this one; its output goes to `logFile`. Returns the pid. */
export function spawnNode(logFile: string, flags: Readonly<Record<string, string>>): number {
  mkdirSync(dirname(logFile), { recursive: true });
  const out = openSync(logFile, "a");
  try {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...flagArguments(flags)], {
      cwd: PROJECT,
      detached: true,
      stdio: ["ignore", out, out],
      env: { ...process.env, UV_THREADPOOL_SIZE: process.env["UV_THREADPOOL_SIZE"] ?? "16" },
    });
    if (child.pid === undefined) throw new RingtideError("INTERNAL", "the node process could not be started");
    child.unref();
    return child.pid;
  } finally {
    closeSync(out);
  }
}

function flagArguments(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]);
}

/** True while the node's process runs: its pid may have been given to another program since, or to another node. */
export function isNodeRunning({ pid, dataDirectory }: LocalNode): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    if (stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z")) return false;
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dataDirectory);
  } catch {
    return process.platform !== "linux"; // without /proc the pid alone has to do
  }
}

/** Sends the signal to a node and waits until it is gone. */
export async function endNode(node: LocalNode, signal: "SIGTERM" | "SIGKILL", timeoutMs: number): Promise<void> {
  if (!isNodeRunning(node)) return;
  process.kill(node.pid, signal);
  const deadline = Date.now() + timeoutMs;
  while (isNodeRunning(node)) {
    if (Date.now() > deadline)
      throw new RingtideError("INTERNAL", `process ${node.pid} did not end within ${timeoutMs} ms of ${signal}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Last lines of a node's log, for error messages. */
export function logTail(logFile: string, lines = 5): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}
