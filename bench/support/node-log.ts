import { readFileSync } from "node:fs";

/** Lines of a node's log with this message, as objects. */
export function logLines(logFile: string, message: string): Readonly<Record<string, unknown>>[] {
  return readFileSync(logFile, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes(message))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
