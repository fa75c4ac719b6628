import { FAULT_KINDS } from "./faults/fault.ts";

/** What has to have happened in a run of many seeds, or the run shows less than it says: at least so often per 100 seeds. */
const FLOORS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(FAULT_KINDS.map((kind) => [`fault: ${kind}`, 20])),
  "file closed": 300,
  "log segment removed": 50,
  "snapshot made": 20,
  "snapshot installed": 20,
  "catch-up from memory": 20,
  "catch-up from the log on disk": 20,
  "leader change": 500,
  restart: 200,
  "damaged log recovered": 3,
  "data file repaired": 3,
  "disk nearly full": 20,
  "node ended by a disk error": 10,
  "stranger refused": 5,
  "group fell quiet": 50,
};

/** Counts of what happened, by name. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    if (count > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  merge(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) this.add(name, count);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Names that happened less often than `seeds` seeds should make them. */
  belowFloor(seeds: number): string[] {
    return Object.entries(FLOORS)
      .filter(([name, perHundred]) => this.get(name) < Math.floor((perHundred * seeds) / 100))
      .map(([name]) => name);
  }

  /** A table: name, how often, how often at least. */
  table(seeds: number): string {
    const names = [...new Set([...Object.keys(FLOORS), ...this.#counts.keys()])];
    const width = Math.max(...names.map((name) => name.length));
    const line = (name: string) => {
      const floor = FLOORS[name];
      const wanted = floor === undefined ? "" : `  (at least ${Math.floor((floor * seeds) / 100)})`;
      return `${name.padEnd(width)} ${String(this.get(name)).padStart(9)}${wanted}`;
    };
    return names.map(line).join("\n");
  }
}
