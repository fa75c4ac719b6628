/** Smallest, middle and greatest of some measurements, rounded for people. */
export interface Spread {
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

export function spread(samplesMs: readonly number[]): Spread {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { minMs: at(0), medianMs: at(0.5), maxMs: round(sorted.at(-1) ?? 0) };
}

/** Smallest, middle and greatest of some figures. */
export interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function range(samples: readonly number[]): Range {
  const { minMs, medianMs, maxMs } = spread(samples);
  return { min: minMs, median: medianMs, max: maxMs };
}

export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Prints `name  value` lines, aligned. */
export function printTable(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
}

/** A figure for people: whole, or with three digits. */
export function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
