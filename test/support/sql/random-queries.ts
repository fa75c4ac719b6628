import type { Dice } from "./dice.ts";
import { aggregate, byDevice, type Cut, grouped, type Keep, last, raw, windows } from "./evaluate.ts";
import type { Answer, Model, Value } from "./model.ts";
import { DEVICES, FIRST, NAMES, type Name, randomValue, SPAN, TYPES } from "./random-data.ts";

export interface Question {
  readonly sql: string;
  readonly expected: Answer;
}

const NUMERIC: readonly Name[] = ["i", "l", "f", "d"];
const FUNCTIONS = [
  "count",
  "sum",
  "avg",
  "min_value",
  "max_value",
  "min_time",
  "max_time",
  "first_value",
  "last_value",
];
const NUMBERS_ONLY = new Set(["sum", "avg", "min_value", "max_value"]);
const COMPARE: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b || (typeof a !== typeof b && !(a < b) && !(a > b)),
  "!=": (a, b) => a < b || a > b,
};
const INVERSE: Readonly<Record<string, string>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "=" };

/** A condition as text, and whether it holds at a time for the devices of FROM; `not` is pushed into the leaves. */
interface Condition {
  readonly sql: string;
  readonly holds: (time: bigint, devices: readonly string[], negated: boolean) => boolean;
}

function condition(dice: Dice, model: Model, depth: number): Condition {
  const kind = dice.below(depth > 0 ? 8 : 5);
  if (kind === 0) return timeRange(dice);
  if (kind < 4) return comparison(dice, model);
  if (kind === 4) return membership(dice, model);
  const a = condition(dice, model, depth - 1);
  if (kind === 5) return { sql: `NOT (${a.sql})`, holds: (time, devices, negated) => a.holds(time, devices, !negated) };
  const b = condition(dice, model, depth - 1);
  const isAnd = kind === 6;
  return {
    sql: `(${a.sql}) ${dice.pick(isAnd ? ["AND", "&&"] : ["OR", "||"])} (${b.sql})`,
    holds: (time, devices, negated) =>
      isAnd !== negated
        ? a.holds(time, devices, negated) && b.holds(time, devices, negated)
        : a.holds(time, devices, negated) || b.holds(time, devices, negated),
  };
}

function timeRange(dice: Dice): Condition {
  const sign = dice.pick(Object.keys(COMPARE));
  const bound = FIRST + BigInt(dice.below(SPAN));
  return {
    sql: `time ${sign} ${bound}`,
    holds: (time, _devices, negated) => COMPARE[negated ? (INVERSE[sign] ?? "") : sign]?.(time, bound) === true,
  };
}

/** `test` of the value in each device; a missing value is false, and negated too. */
function ofEach(model: Model, name: Name, test: (value: Value, negated: boolean) => boolean): Condition["holds"] {
  return (time, devices, negated) => {
    const one = (device: string): boolean => {
      const value = model.at(`${device}.${name}`, time);
      return value !== undefined && test(value, negated);
    };
    return negated ? devices.some(one) : devices.every(one);
  };
}

function quoted(value: Value): string {
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function comparison(dice: Dice, model: Model): Condition {
  const name = dice.pick(NAMES);
  const sign = dice.pick(name === "b" ? ["=", "!="] : Object.keys(COMPARE));
  const bound = NUMERIC.includes(name) && dice.chance(0.3) ? dice.below(20) - 9.5 : randomValue(dice, TYPES[name]);
  return {
    sql: `${name} ${sign} ${quoted(bound)}`,
    holds: ofEach(
      model,
      name,
      (value, negated) => COMPARE[negated ? (INVERSE[sign] ?? "") : sign]?.(value, bound) === true,
    ),
  };
}

function membership(dice: Dice, model: Model): Condition {
  const name = dice.pick(NAMES);
  const list = Array.from({ length: 1 + dice.below(8) }, () => randomValue(dice, TYPES[name]));
  const not = dice.chance(0.3);
  return {
    sql: `${name} ${not ? "NOT IN" : "IN"} (${list.map(quoted).join(", ")})`,
    holds: ofEach(model, name, (value, negated) => list.includes(value) !== (not !== negated)),
  };
}

/** A random SELECT, with its answer from the model alone. */
export function randomQuestion(dice: Dice, model: Model): Question {
  const isAligned = dice.chance(0.25);
  const devices = dice.shuffled(DEVICES).slice(0, 1 + dice.below(3));
  const where = dice.chance(0.6) ? condition(dice, model, 2) : undefined;
  const sqlWhere = where === undefined ? "" : ` WHERE ${where.sql}`;
  const how = cutOf(dice);
  const keep: Keep = (time) => where === undefined || where.holds(time, devices, false);
  const keepDevice = (device: string, time: bigint) => where === undefined || where.holds(time, [device], false);
  const from = `FROM ${devices.join(", ")}${sqlWhere}`;
  const kind = dice.below(10);
  const tail = `${how.sql}${isAligned ? " ALIGN BY DEVICE" : ""}`;
  if (kind < 4) return rawQuestion();
  if (kind === 9 && !isAligned) return lastQuestion();
  return functionsQuestion();

  function rawQuestion(): Question {
    const isAll = dice.chance(0.3);
    const items = isAll ? [...NAMES] : dice.shuffled(NAMES).slice(0, 1 + dice.below(3));
    const sql = `SELECT ${isAll ? "*" : items.join(", ")} ${from}${tail}`;
    if (isAligned) return { sql, expected: byDevice(model, devices, items, { kind: "raw" }, keepDevice, how.cut) };
    // A wildcard gives the series of one FROM path after the other, names give one name after the other.
    const paths = isAll
      ? devices.flatMap((device) => items.map((name) => `${device}.${name}`))
      : items.flatMap((name) => devices.map((device) => `${device}.${name}`));
    return { sql, expected: raw(model, paths, keep, how.cut) };
  }

  function lastQuestion(): Question {
    const since = FIRST + BigInt(dice.below(SPAN));
    const paths = devices.flatMap((device) => NAMES.map((name) => `${device}.${name}`));
    return {
      sql: `SELECT LAST * FROM ${devices.join(", ")} WHERE time >= ${since}`,
      expected: last(model, paths, (time) => time >= since),
    };
  }

  function functionsQuestion(): Question {
    const functions = Array.from({ length: 1 + dice.below(3) }, () => dice.pick(FUNCTIONS));
    const items = functions.map((name) => dice.pick(NUMBERS_ONLY.has(name) ? NUMERIC : NAMES));
    const select = `SELECT ${functions.map((name, i) => `${name}(${items[i]})`).join(", ")} ${from}`;
    const columns = functions.flatMap((name, i) =>
      devices.map((device): [string, string[]] => [name, [`${device}.${items[i]}`]]),
    );
    if (dice.chance(0.4)) {
      const whole = how.cut.offset === undefined || how.cut.offset === 0;
      const sql = `${select}${isAligned ? " ALIGN BY DEVICE" : ""}`;
      if (isAligned)
        return { sql, expected: byDevice(model, devices, items, { kind: "aggregate", functions }, keepDevice) };
      const answer = aggregate(model, columns, keep);
      return whole ? { sql: `${sql} LIMIT 1`, expected: answer } : { sql, expected: answer };
    }
    const start = FIRST + BigInt(dice.below(SPAN) - 20);
    const end = start + 1n + BigInt(dice.below(90));
    const interval = 1n + BigInt(dice.below(25));
    const step = dice.chance(0.5) ? interval : 1n + BigInt(dice.below(30));
    const bounds = dice.chance(0.5) ? "[)" : "(]";
    const over = windows(start, end, interval, step, bounds);
    const sql = `${select} GROUP BY (${bounds[0]}${start}, ${end}${bounds[1]}, ${interval}ms, ${step}ms)${tail}`;
    if (!isAligned) return { sql, expected: grouped(model, columns, over, keep, how.cut) };
    return {
      sql,
      expected: byDevice(model, devices, items, { kind: "grouped", functions, windows: over }, keepDevice, how.cut),
    };
  }
}

function cutOf(dice: Dice): { readonly sql: string; readonly cut: Cut } {
  const descending = dice.chance(0.4);
  const limit = dice.chance(0.4) ? 1 + dice.below(15) : undefined;
  const offset = dice.chance(0.25) ? dice.below(10) : undefined;
  const sql = `${descending ? " ORDER BY TIME DESC" : ""}${limit === undefined ? "" : ` LIMIT ${limit}`}${offset === undefined ? "" : ` OFFSET ${offset}`}`;
  return { sql, cut: { descending, ...(limit !== undefined && { limit }), ...(offset !== undefined && { offset }) } };
}
