import { DataType, type Point, type Value } from "@ringtide/tsfile";
import type { NaiveSeries } from "./naive-reader.ts";

/** A small seeded generator (mulberry32), so that a failing seed replays. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  some<T>(items: readonly T[], most: number): T[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.pick(items));
  }
}

const DEVICES = ["root.a.d1", "root.a.d2", "root.a.x.d3", "root.b.d1", "root.b.d2", "root.c.d1"];
const TYPES = {
  i: DataType.INT32,
  l: DataType.INT64,
  f: DataType.FLOAT,
  d: DataType.DOUBLE,
  b: DataType.BOOLEAN,
  t: DataType.TEXT,
} as const;
type Measurement = keyof typeof TYPES;
const NUMBERS: readonly Measurement[] = ["i", "l", "f", "d"];
const MEASUREMENTS: readonly Measurement[] = ["i", "l", "f", "d", "b", "t"];

export function randomSeries(dice: Dice): NaiveSeries[] {
  const span = dice.pick([20, 60, 300]);
  // Sometimes around the edge of an era, where the base of batches changes.
  const origin = dice.chance(0.25) ? 2n ** 52n - BigInt(span >> 1) : BigInt(dice.pick([0, -30]));
  return DEVICES.flatMap((device) =>
    MEASUREMENTS.filter(() => dice.chance(0.75)).map((measurement) => {
      const density = dice.pick([0, 0.1, 0.5, 1]);
      const points: Point[] = [];
      for (let i = 0; i < span; i++) {
        if (dice.chance(density)) points.push({ time: origin + BigInt(i), value: randomValue(dice, measurement) });
      }
      return { device, measurement, type: TYPES[measurement], points };
    }),
  );
}

function randomValue(dice: Dice, measurement: Measurement): Value {
  switch (measurement) {
    case "i":
      return dice.below(20) - 10;
    case "l":
      return dice.chance(0.2) ? 2n ** 60n + BigInt(dice.below(5)) : BigInt(dice.below(20) - 10);
    case "f":
      return Math.fround((dice.below(200) - 100) / 10);
    case "d":
      return (dice.below(200) - 100) / 10;
    case "b":
      return dice.chance(0.5);
    case "t":
      return "x".repeat(dice.below(3)) + String.fromCharCode(97 + dice.below(4));
  }
}

export function randomSql(dice: Dice, series: readonly NaiveSeries[]): string {
  const isAligned = dice.chance(0.25);
  const isAggregate = dice.chance(0.55);
  const from = dice.some(isAligned ? DEVICES : [...DEVICES, "root.a.*", "root.*.d1", "root"], 2);
  const item = (): string => {
    if (!isAggregate) return dice.chance(0.3) ? "*" : dice.pick(MEASUREMENTS);
    const name = dice.pick([
      "count",
      "sum",
      "avg",
      "min_value",
      "max_value",
      "min_time",
      "max_time",
      "first_value",
      "last_value",
    ]);
    const numeric = ["sum", "avg", "min_value", "max_value"].includes(name);
    return `${name}(${numeric ? dice.pick(NUMBERS) : dice.chance(0.2) ? "*" : dice.pick(MEASUREMENTS)})`;
  };
  const items = Array.from({ length: 1 + dice.below(3) }, item);
  const times = series.flatMap((one) => one.points.map((point) => point.time));
  const start = times.length === 0 ? 0n : dice.pick(times);
  let sql = `select ${items.join(", ")} from ${from.join(", ")}`;
  if (dice.chance(0.6)) sql += ` where ${randomCondition(dice, start, 2)}`;
  if (isAggregate && dice.chance(0.6)) {
    const first = start - BigInt(dice.below(20));
    const last = first + 1n + BigInt(dice.below(80));
    const interval = 1 + dice.below(25);
    const step = dice.pick([interval, interval, 1 + dice.below(30)]);
    const bounds = dice.chance(0.5) ? `[${first}, ${last})` : `(${first}, ${last}]`;
    sql += ` group by (${bounds}, ${interval}ms, ${step}ms)`;
    if (!isAligned && dice.chance(0.3)) sql = sql.replace(/\)$/, `), level = ${dice.below(3)}`);
  } else if (isAggregate && !isAligned && dice.chance(0.3)) sql += ` group by level = ${dice.below(4)}`;
  if (dice.chance(0.4)) sql += " order by time desc";
  if (dice.chance(0.4)) sql += ` limit ${1 + dice.below(12)}`;
  if (/limit/.test(sql) && dice.chance(0.5)) sql += ` offset ${dice.below(8)}`;
  return isAligned ? `${sql} align by device` : sql;
}

function randomCondition(dice: Dice, around: bigint, depth: number): string {
  const kind = dice.below(depth > 0 ? 8 : 5);
  const time = (): bigint => around + BigInt(dice.below(60) - 30);
  const comparison = dice.pick(["<", "<=", ">", ">=", "=", "!="]);
  switch (kind) {
    case 0:
      return `time ${comparison} ${time()}`;
    case 1:
      return `time ${dice.pick(["in", "not in"])} (${time()}, ${time()})`;
    case 2:
    case 3:
      return `${dice.pick(NUMBERS)} ${comparison} ${dice.below(12) - 6}${dice.pick(["", "", ".5"])}`;
    case 4:
      return dice.pick([
        `t ${comparison} 'xb'`,
        `b = ${dice.chance(0.5)}`,
        `i ${dice.pick(["in", "not in"])} (1, 2, 3)`,
        `l > ${2n ** 60n + 1n}`,
      ]);
    case 5:
      return `not (${randomCondition(dice, around, depth - 1)})`;
    default:
      return `(${randomCondition(dice, around, depth - 1)}) ${dice.pick(["and", "or"])} (${randomCondition(dice, around, depth - 1)})`;
  }
}
