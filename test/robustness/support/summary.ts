import { availableParallelism, loadavg } from "node:os";

export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** Of measurements in ms, rounded. */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, min: at(0), median: at(0.5), p99: at(0.99), max: at(1) };
}

export function summaryText({ count, min, median, p99, max }: Summary): string {
  return `min ${min}, median ${median}, p99 ${p99}, max ${max} ms (${count})`;
}

/** What else the machine was busy with: a measurement says little without it. */
export function machineLoad(): { readonly cores: number; readonly load1: number; readonly load5: number } {
  const [load1 = 0, load5 = 0] = loadavg();
  return { cores: availableParallelism(), load1: round(load1), load5: round(load5) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
