import { mkdirSync, rmSync, writeFileSync } from "node:fs";

/**
 * A file that names this process to stop-node.sh: `run/node-<pid>.json` below the home directory. It goes away with the process;
 * one that a killed node left behind is harmless.
 */
export function writeRunFile(home: string, metaPort: number): void {
  const directory = `${home}/run`;
  const path = `${directory}/node-${process.pid}.json`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ pid: process.pid, metaPort, startedAt: new Date().toISOString() })}\n`);
  process.on("exit", () => rmSync(path, { force: true }));
}
