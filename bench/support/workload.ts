/**
 * Workload "tablets": 100 devices in 10 storage groups, 10 DOUBLE series each; tablets of 1000 rows, 1 s apart. Values are random
 * walks of Gaussian steps (σ = 1), rounded to two decimals. 10 tablets a device, 100 for device 0: 10.9 M points a pass.
 */
export const WORKLOAD = {
  devices: 100,
  storageGroups: 10,
  series: 10,
  rows: 1000,
  stepMs: 1000,
  tabletsPerDevice: 10,
  tabletsOfDevice0: 100,
  connections: 4,
  startMs: 1_700_000_000_000,
} as const;

export const SERIES_NAMES: readonly string[] = Array.from({ length: WORKLOAD.series }, (_, i) => `s${i}`);

/** One tablet to send: which device, which rows of its walk. */
export interface TabletPlan {
  readonly device: number;
  /** Position of the tablet in the device's time. */
  readonly position: number;
}

/** Each bench has storage groups of its own, so that one cluster can run both, again and again. */
export type BenchName = "ingest" | "query" | "catchup" | "elections";

/** The storage groups of a bench, as the prefixes of a FROM clause. */
export function groupsOf(bench: BenchName): string {
  return Array.from({ length: WORKLOAD.storageGroups }, (_, group) => `root.${bench}_sg${group}`).join(", ");
}

export function deviceName(bench: BenchName, device: number): string {
  return `root.${bench}_sg${device % WORKLOAD.storageGroups}.d${device}`;
}

/** The tablets of one pass in the order in which they are sent: device by device within each position. */
export function passOf(connection: number, connections: number): TabletPlan[] {
  const plans: TabletPlan[] = [];
  for (let position = 0; position < WORKLOAD.tabletsOfDevice0; position++) {
    for (let device = 0; device < WORKLOAD.devices; device++) {
      if (device % connections !== connection) continue;
      if (device === 0 || position < WORKLOAD.tabletsPerDevice) plans.push({ device, position });
    }
  }
  return plans;
}

export const POINTS_PER_PASS =
  ((WORKLOAD.devices - 1) * WORKLOAD.tabletsPerDevice + WORKLOAD.tabletsOfDevice0) * WORKLOAD.rows * WORKLOAD.series;

/** A seeded generator (mulberry32) with Gaussian numbers by Box and Muller: the same walks in every run. */
class Gaussian {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  #uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  next(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
    return radius * Math.cos(2 * Math.PI * this.#uniform());
  }
}

/** The walk of each series of a device as long as it has rows; values[series][row]. */
export function walksOf(device: number): Float64Array[] {
  const tablets = device === 0 ? WORKLOAD.tabletsOfDevice0 : WORKLOAD.tabletsPerDevice;
  return SERIES_NAMES.map((_, series) => {
    const gaussian = new Gaussian(device * 1000 + series + 1);
    let level = 100;
    return Float64Array.from({ length: tablets * WORKLOAD.rows }, () => {
      level += gaussian.next();
      return Math.round(level * 100) / 100;
    });
  });
}
