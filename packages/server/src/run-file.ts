import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Where the start time is in /proc/PID/stat, counted from the field after the program's name. */
const START_TIME_FIELD = 19;

/**
 * A file that names this process to stop-node.sh: `run/node-<pid>.json` below the home directory. It goes away with the process;
 * one that a killed node left behind is harmless: `processStart` tells that node from any that gets its pid later.
 */
export function writeRunFile(home: string, metaPort: number): void {
  const directory = `${home}/run`;
  const path = `${directory}/node-${process.pid}.json`;
  const content = { pid: process.pid, metaPort, startedAt: new Date().toISOString(), processStart: processStart() };
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, `${JSON.stringify(content)}\n`);
  process.on("exit", () => rmSync(path, { force: true }));
}

/** When the system started this process, in the words that stop-node.sh finds for it: clock ticks since boot on Linux, else a date. */
function processStart(): string {
  if (process.platform === "linux") {
    const stat = readFileSync("/proc/self/stat", "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_TIME_FIELD] ?? "";
  }
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  return execFileSync("ps", ["-p", String(process.pid), "-o", "lstart="], { env, encoding: "utf8" }).trim();
}
