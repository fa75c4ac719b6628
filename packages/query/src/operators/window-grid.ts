import type { TimeRange } from "@ringtide/engine";
import type { WindowSpec } from "../plan/windows.ts";

/** Windows in order of time, which may overlap or leave gaps. Times are inclusive on both ends. */
export interface WindowGrid {
  readonly count: number;
  first(window: number): bigint;
  last(window: number): bigint;
  label(window: number): bigint;
  /** The first window that ends at or after the time; `count` when there is none. */
  firstEndingFrom(time: bigint): number;
  /** The last window that begins at or before the time; −1 when there is none. */
  lastBeginningBy(time: bigint): number;
}

export function windowGrid(spec: WindowSpec): WindowGrid {
  return spec.kind === "regular" ? new RegularGrid(spec) : new ListedGrid(spec);
}

/** One window: an aggregate without GROUP BY time. */
export function wholeRange(range: TimeRange): WindowGrid {
  return new ListedGrid({ kind: "listed", firsts: [range.from], lasts: [range.to], labels: [0n] });
}

class RegularGrid implements WindowGrid {
  readonly count: number;
  readonly #spec: Extract<WindowSpec, { kind: "regular" }>;

  constructor(spec: Extract<WindowSpec, { kind: "regular" }>) {
    this.#spec = spec;
    this.count = spec.count;
  }

  first(window: number): bigint {
    return this.#spec.first + BigInt(window) * this.#spec.step;
  }

  last(window: number): bigint {
    const end = this.first(window) + this.#spec.interval - 1n;
    return end < this.#spec.last ? end : this.#spec.last;
  }

  label(window: number): bigint {
    const { label, interval, step } = this.#spec;
    if (label === "first") return this.first(window);
    return step < interval ? this.first(window) + interval - 1n : this.last(window);
  }

  firstEndingFrom(time: bigint): number {
    const { first, last, interval, step } = this.#spec;
    if (time > last) return this.count;
    const distance = time - interval + 1n - first;
    if (distance <= 0n) return 0;
    const window = (distance + step - 1n) / step;
    return window < BigInt(this.count) ? Number(window) : this.count;
  }

  lastBeginningBy(time: bigint): number {
    const distance = time - this.#spec.first;
    if (distance < 0n) return -1;
    const window = distance / this.#spec.step;
    return window < BigInt(this.count) ? Number(window) : this.count - 1;
  }
}

class ListedGrid implements WindowGrid {
  readonly count: number;
  readonly #spec: Extract<WindowSpec, { kind: "listed" }>;

  constructor(spec: Extract<WindowSpec, { kind: "listed" }>) {
    this.#spec = spec;
    this.count = spec.firsts.length;
  }

  first(window: number): bigint {
    return this.#spec.firsts[window] as bigint;
  }
  last(window: number): bigint {
    return this.#spec.lasts[window] as bigint;
  }
  label(window: number): bigint {
    return this.#spec.labels[window] as bigint;
  }

  firstEndingFrom(time: bigint): number {
    return countWhile(this.#spec.lasts, (last) => last < time);
  }

  lastBeginningBy(time: bigint): number {
    return countWhile(this.#spec.firsts, (first) => first <= time) - 1;
  }
}

/** How many items at the front fulfil what none after them does. */
function countWhile(items: readonly bigint[], test: (item: bigint) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(items[middle] as bigint)) low = middle + 1;
    else high = middle;
  }
  return low;
}
