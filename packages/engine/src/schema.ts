import { type PathPattern, type SlotStrategy, slotOf, splitPath, splitSeries } from "@ringtide/common";
import type { DataType } from "@ringtide/tsfile";
import type { SchemaView, Series } from "./api.ts";

/** A device of the group. Its id and its series' ids are never used again in the group. */
export interface Device {
  readonly id: number;
  readonly path: string;
  readonly slot: number;
  /** Path nodes, for pattern matching. */
  readonly nodes: readonly string[];
  /** In creation order. */
  readonly byName: Map<string, Series>;
}

/** Path and series, for the sorted list that patterns are matched against. */
interface Listed {
  readonly path: string;
  readonly nodes: readonly string[];
  readonly series: Series;
}

/** Devices and series of one replica in memory, with the ids that the next ones get. */
export class Schema implements SchemaView {
  readonly #strategy: SlotStrategy;
  readonly #devices = new Map<string, Device>();
  #nextDeviceId = 1;
  #nextSeriesId = 1;
  #seriesCount = 0;
  /** All series by path; replaced by the next `match` after a change, so that an iteration under way keeps its list. */
  #sorted: readonly Listed[] = [];
  #added: Listed[] = [];
  #hasDeletions = false;

  constructor(strategy: SlotStrategy) {
    this.#strategy = strategy;
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  get deviceCount(): number {
    return this.#devices.size;
  }

  get nextIds(): { readonly device: number; readonly series: number } {
    return { device: this.#nextDeviceId, series: this.#nextSeriesId };
  }

  device(path: string): Device | undefined {
    return this.#devices.get(path);
  }

  find(device: string, measurement: string): Series | undefined {
    return this.#devices.get(device)?.byName.get(measurement);
  }

  ofDevice(device: string): readonly Series[] {
    const byName = this.#devices.get(device)?.byName;
    return byName === undefined ? [] : Array.from(byName.values());
  }

  /** The existing path that a new series would clash with: its own, a device of its name, or a series of its device's name. */
  clash(device: string, measurement: string): string | undefined {
    const path = `${device}.${measurement}`;
    if (this.find(device, measurement) !== undefined || this.#devices.has(path)) return path;
    if (this.#devices.has(device) || splitPath(device).length < 3) return undefined;
    const above = splitSeries(device);
    return this.find(above.device, above.measurement) === undefined ? undefined : device;
  }

  /** Adds a series that is not there yet, and its device if need be. */
  add(path: string, measurement: string, type: DataType, encoding: string, compression: string): Series {
    const device = this.#devices.get(path) ?? this.#newDevice(this.#nextDeviceId++, path);
    const series: Series = { id: this.#nextSeriesId++, device: path, measurement, type, encoding, compression };
    this.#link(device, series);
    return series;
  }

  /** Puts back a stored device with its series and their ids. */
  restore(id: number, path: string, series: readonly Series[]): void {
    const device = this.#newDevice(id, path);
    for (const one of series) this.#link(device, one);
  }

  restoreNextIds(ids: { readonly device: number; readonly series: number }): void {
    this.#nextDeviceId = ids.device;
    this.#nextSeriesId = ids.series;
  }

  #newDevice(id: number, path: string): Device {
    const device: Device = {
      id,
      path,
      slot: slotOf(path, this.#strategy),
      nodes: splitPath(path),
      byName: new Map(),
    };
    this.#devices.set(path, device);
    return device;
  }

  #link(device: Device, series: Series): void {
    device.byName.set(series.measurement, series);
    this.#seriesCount++;
    const { measurement } = series;
    this.#added.push({ path: `${device.path}.${measurement}`, nodes: [...device.nodes, measurement], series });
  }

  /** Removes a series; its device goes with its last one. Returns the device. */
  remove(series: Series): Device | undefined {
    const device = this.#devices.get(series.device);
    if (device?.byName.get(series.measurement) !== series) return undefined;
    device.byName.delete(series.measurement);
    if (device.byName.size === 0) this.#devices.delete(device.path);
    this.#seriesCount--;
    this.#hasDeletions = true;
    return device;
  }

  *match(pattern: PathPattern, options: { readonly prefix: boolean }): Generator<Series> {
    const { nodes, exactPrefix } = pattern;
    const list = this.#list();
    const above = exactPrefix.join(".");
    if (exactPrefix.length === nodes.length) {
      const own = list[lowerBound(list, above)];
      if (own?.path === above) yield own.series;
      if (!options.prefix) return;
    }
    // What lies below a path is one run of the list: '.' ends the prefix, and '/' is the code unit after it.
    const from = above === "" ? 0 : lowerBound(list, `${above}.`);
    const to = above === "" ? list.length : lowerBound(list, `${above}/`);
    const takesAll = exactPrefix.length === nodes.length || exactPrefix.length === nodes.length - 1;
    for (let i = from; i < to; i++) {
      const { nodes: path, series } = list[i] as Listed;
      if (takesAll || (options.prefix ? pattern.matchesPrefixOf(path) : pattern.matches(path))) yield series;
    }
  }

  /** The sorted list, with what was added and removed since it was last asked for. */
  #list(): readonly Listed[] {
    if (this.#added.length === 0 && !this.#hasDeletions) return this.#sorted;
    const isAlive = ({ series }: Listed) => this.find(series.device, series.measurement) === series;
    const added = this.#added.filter(isAlive).sort((a, b) => (a.path < b.path ? -1 : 1));
    const kept = this.#hasDeletions ? this.#sorted.filter(isAlive) : this.#sorted;
    this.#sorted = mergeSorted(kept, added);
    this.#added = [];
    this.#hasDeletions = false;
    return this.#sorted;
  }
}

function mergeSorted(a: readonly Listed[], b: readonly Listed[]): readonly Listed[] {
  const merged: Listed[] = [];
  let i = 0;
  for (const next of b) {
    for (let one = a[i]; one !== undefined && one.path < next.path; one = a[++i]) merged.push(one);
    merged.push(next);
  }
  for (let one = a[i]; one !== undefined; one = a[++i]) merged.push(one);
  return merged;
}

/** Index of the first item whose path is not below `path`. */
function lowerBound(list: readonly Listed[], path: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as Listed).path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
