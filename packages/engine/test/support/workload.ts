import { DataType, MAX_TIME, MIN_TIME, type Value } from "@ringtide/tsfile";
import type { Command, DeviceBlock, LooseValue, TimeRange } from "../../src/api.ts";
import { block, type TestColumn } from "./blocks.ts";
import type { Model } from "./model.ts";
import type { SeededRandom } from "./random.ts";

const DEVICES = ["root.a.d1", "root.a.d2", "root.b.d1", 'root.b."x.y"'];
const MEASUREMENTS = ["s1", "s2", "s3", "s4"];
const TYPES = Object.values(DataType);
/** Starts of the times: around 0, before it, and far on, where other eras are. */
const ORIGINS = [0n, 0n, 0n, 0n, -60n, 2n ** 52n - 30n, MIN_TIME, MAX_TIME - 200n];

/** A range that mostly cuts through the data. */
export function randomRange(random: SeededRandom): TimeRange {
  if (random.chance(30)) return { from: MIN_TIME, to: MAX_TIME };
  const from = random.pick(ORIGINS) + BigInt(random.below(150));
  const to = from + BigInt(random.below(120));
  return { from, to: to > MAX_TIME ? MAX_TIME : to };
}

/** A command as clients might send it: sometimes one that is refused, with a wrong type. */
export function randomCommand(random: SeededRandom, model: Model): Command {
  const roll = random.below(100);
  if (roll < 50) return { kind: "insertBlocks", blocks: randomBlocks(random, model) };
  if (roll < 80)
    return { kind: "insertRows", rows: Array.from({ length: 1 + random.below(4) }, () => randomRow(random)) };
  if (roll < 92) return { kind: "deleteData", patterns: [randomPattern(random)], ...randomRange(random) };
  if (roll < 97) return { kind: "deleteSeries", patterns: [randomPattern(random)] };
  if (roll < 98) return { kind: "dropStorageGroup", storageGroup: "root.b" };
  const path = `${random.pick(DEVICES)}.${random.pick(MEASUREMENTS)}`;
  return { kind: "createSeries", series: [{ path, type: random.pick(TYPES), encoding: "", compression: "" }] };
}

function randomPattern(random: SeededRandom): string {
  const device = random.pick(DEVICES);
  return random.pick([
    `${device}.${random.pick(MEASUREMENTS)}`,
    `${device}.*`,
    `root.*.d1.${random.pick(MEASUREMENTS)}`,
    device,
  ]);
}

function randomBlocks(random: SeededRandom, model: Model): DeviceBlock[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    const device = random.pick(DEVICES);
    const times = randomTimes(random);
    const measurements = MEASUREMENTS.filter(() => random.chance(60));
    if (measurements.length === 0) measurements.push("s1");
    const columns = measurements.map((measurement): TestColumn => {
      const known = random.chance(97) ? model.type(device, measurement) : undefined;
      const type = known ?? random.pick(TYPES);
      const gaps = random.chance(50) ? 0 : random.below(100);
      return [measurement, type, times.map(() => (random.chance(gaps) ? undefined : randomValue(random, type)))];
    });
    return block(device, times, ...columns);
  });
}

function randomTimes(random: SeededRandom): bigint[] {
  let time = random.pick(ORIGINS) + BigInt(random.below(100));
  const end = time < 2n ** 52n && time >= 0n ? 2n ** 52n - 1n : time < 0n && time > -(2n ** 52n) ? -1n : MAX_TIME;
  const step = random.pick([1, 1, 2, 7]);
  const times: bigint[] = [];
  for (let left = 1 + random.below(40); left > 0 && time <= end; left--) {
    times.push(time);
    time += BigInt(1 + random.below(step));
  }
  return times;
}

function randomValue(random: SeededRandom, type: DataType): Value {
  const number = random.below(2000) - 1000;
  switch (type) {
    case DataType.BOOLEAN:
      return random.chance(50);
    case DataType.INT64:
      return BigInt(number);
    case DataType.TEXT:
      return random.pick(["", "a", "grün", `text ${number}`]);
    case DataType.INT32:
      return number;
    case DataType.FLOAT:
    case DataType.DOUBLE:
      return number / 4;
  }
}

function randomRow(random: SeededRandom) {
  const measurements = MEASUREMENTS.filter(() => random.chance(50));
  if (measurements.length === 0) measurements.push("s2");
  const values = measurements.map((): LooseValue => {
    const number = random.below(2000) - 1000;
    return random.pick<LooseValue>([
      { kind: "integer", value: BigInt(number) },
      { kind: "integer", value: BigInt(number) },
      { kind: "decimal", value: number / 4 },
      { kind: "boolean", value: number > 0 },
      { kind: "text", value: `row ${number}` },
      { kind: "null" },
    ]);
  });
  const time = random.pick(ORIGINS) + BigInt(random.below(150));
  return { device: random.pick(DEVICES), time, measurements, values };
}
