import { mkdirSync, rmSync, writeFileSync } from "node:fs";

/** A file that names a running node to stop-node.sh: `run/node-<meta port>.json` below the home directory. */
export function writeRunFile(home: string, metaPort: number): () => void {
  const directory = `${home}/run`;
  const path = `${directory}/node-${metaPort}.json`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ pid: process.pid, metaPort, startedAt: new Date().toISOString() })}\n`);
  return () => rmSync(path, { force: true });
}
