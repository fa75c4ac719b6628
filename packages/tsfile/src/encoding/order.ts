/*
 * Whole numbers are packed as they are (order 0), as differences (order 1), or as differences of differences (order 2).
 */

const WINDOWS = 8;
const WINDOW_VALUES = 16;
const TWO_32 = 4294967296;
const sample = new Float64Array(WINDOW_VALUES);

/**
 * The order that makes numbers smallest, judged by windows of neighbours. `load` writes the doubles nearest to values
 * [from, from + sample.length) into the sample.
 */
export function chooseOrder(count: number, load: (sample: Float64Array, from: number) => void): 0 | 1 | 2 {
  if (count < 3) return 0;
  const size = Math.min(WINDOW_VALUES, count);
  const windows = count <= WINDOW_VALUES ? 1 : WINDOWS;
  const used = sample.subarray(0, size);
  const means = [0, 0];
  const costs = [0, 0, 0];
  for (let pass = 0; pass < 2; pass++)
    for (let w = 0; w < windows; w++) {
      load(used, windows === 1 ? 0 : Math.floor((w * (count - size)) / (windows - 1)));
      if (pass === 0) addMeans(used, windows, means);
      else addCosts(used, means, costs);
    }
  const [plain, delta, second] = costs as [number, number, number];
  if (plain <= delta && plain <= second) return 0;
  return delta <= second ? 1 : 2;
}

function addMeans(values: Float64Array, windows: number, means: number[]): void {
  const last = values.length - 1;
  let sum = 0;
  for (let i = 2; i <= last; i++) sum += values[i] as number;
  means[0] = (means[0] as number) + sum / ((last - 1) * windows);
  means[1] =
    (means[1] as number) + ((values[last] as number) - (values[1] as number)) / (Math.max(1, last - 1) * windows);
}

/** Adds the bits of the distances from the mean, which a frame's base takes away. */
function addCosts(values: Float64Array, means: readonly number[], costs: number[]): void {
  const [mean, step] = means as [number, number];
  let plain = 0;
  let delta = 0;
  let second = 0;
  for (let i = 2; i < values.length; i++) {
    const value = values[i] as number;
    const before = values[i - 1] as number;
    const change = value - before;
    plain += bitsOf(value - mean);
    delta += bitsOf(change - step);
    second += bitsOf(change - before + (values[i - 2] as number));
  }
  costs[0] = (costs[0] as number) + plain;
  costs[1] = (costs[1] as number) + delta;
  costs[2] = (costs[2] as number) + second;
}

function bitsOf(distance: number): number {
  const size = Math.abs(distance);
  return size < TWO_32 ? 32 - Math.clz32(size) : 64 - Math.clz32(size / TWO_32);
}
