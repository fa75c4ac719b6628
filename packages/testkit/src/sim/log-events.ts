import type { SimLogLine } from "../ports/sim-logger.ts";
import type { Coverage } from "./coverage.ts";

/** Lines that nodes log when something happened that a run should have seen. */
const EVENTS: Readonly<Record<string, string>> = {
  "snapshot made": "snapshot made",
  "snapshot installed": "snapshot installed",
  "log segments unlinked": "log segment removed",
  "data file repaired": "data file repaired",
  "little free space: inserts are refused": "disk nearly full",
  "hardly any free space: no writes are taken": "disk nearly full",
  "the damaged log has caught up: this replica votes again": "damaged log recovered",
};

export function countLogLine({ message }: SimLogLine, coverage: Coverage): void {
  const name = EVENTS[message];
  if (name !== undefined) coverage.add(name);
}
