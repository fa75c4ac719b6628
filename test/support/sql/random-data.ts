import { type Session, tabletFromArrays } from "@ringtide/client";
import type { Dice } from "./dice.ts";
import { type Cell, insertRows, type Model, type TypeName } from "./model.ts";

export const TYPES = { b: "BOOLEAN", i: "INT32", l: "INT64", f: "FLOAT", d: "DOUBLE", t: "TEXT" } as const;
export type Name = keyof typeof TYPES;
export const NAMES: readonly Name[] = ["b", "d", "f", "i", "l", "t"];
export const DEVICES = ["root.a.d1", "root.a.d2", "root.a.x.d3", "root.b.d1", "root.b.d2", "root.c.d1"] as const;
export const FIRST = -40n;
export const SPAN = 160;

/** Values whose sums are exact in any order: quarters and small whole numbers, and INT64 beyond 32 bits now and then. */
export function randomValue(dice: Dice, type: TypeName): Exclude<Cell, null> {
  switch (type) {
    case "BOOLEAN":
      return dice.chance(0.5);
    case "INT32":
      return dice.below(41) - 20;
    case "INT64":
      return dice.chance(0.1) ? 2n ** 44n + BigInt(dice.below(4)) : BigInt(dice.below(41) - 20);
    case "FLOAT":
    case "DOUBLE":
      return (dice.below(401) - 200) / 4;
    case "TEXT":
      return `${"ä".repeat(dice.below(2))}${dice.pick(["", "on", "off", "x'y", "日本", "🙂", "a\nb"])}`;
  }
}

function randomTime(dice: Dice): bigint {
  return FIRST + BigInt(dice.below(SPAN));
}

/** Rows in any order, overwrites, nulls, deletes and flushes, through any node: one after the other. */
export async function writeAtRandom(
  dice: Dice,
  sessions: readonly Session[],
  model: Model,
  steps: number,
): Promise<void> {
  for (const device of DEVICES) for (const name of NAMES) model.create(`${device}.${name}`, TYPES[name]);
  for (const { path, type } of model.series.values()) {
    if (DEVICES.some((device) => path.startsWith(`${device}.`)))
      await dice.pick(sessions).execute(`CREATE TIMESERIES ${path} WITH DATATYPE=${type}`);
  }
  for (let step = 0; step < steps; step++) {
    const session = dice.pick(sessions);
    const kind = dice.below(20);
    if (kind < 10) await insertSome(dice, session, model);
    else if (kind < 16) await insertTablet(dice, session, model);
    else if (kind < 19) await deleteSome(dice, session, model);
    else await session.execute("FLUSH");
  }
}

async function insertSome(dice: Dice, session: Session, model: Model): Promise<void> {
  const columns = dice.shuffled(NAMES).slice(0, 1 + dice.below(NAMES.length));
  const rows = Array.from({ length: 1 + dice.below(12) }, (): [bigint, ...Cell[]] => [
    randomTime(dice),
    ...columns.map((name) => (dice.chance(0.25) ? null : randomValue(dice, TYPES[name]))),
  ]);
  await insertRows(session, model, dice.pick(DEVICES), columns, rows);
}

async function insertTablet(dice: Dice, session: Session, model: Model): Promise<void> {
  const device = dice.pick(DEVICES);
  const times = Array.from({ length: 1 + dice.below(40) }, () => randomTime(dice));
  const columns = dice
    .shuffled(NAMES)
    .slice(0, 1 + dice.below(4))
    .map((name) => {
      const type = TYPES[name];
      return { name, type, values: times.map(() => (dice.chance(0.2) ? null : randomValue(dice, type))) };
    });
  await session.insert(tabletFromArrays({ device, times, columns }));
  for (const { name, values } of columns) {
    times.forEach((time, i) => {
      model.put(`${device}.${name}`, time, values[i] ?? null);
    });
  }
}

async function deleteSome(dice: Dice, session: Session, model: Model): Promise<void> {
  const device = dice.pick(DEVICES);
  const from = randomTime(dice);
  const to = from + BigInt(dice.below(15));
  const name = dice.pick([...NAMES, "*"]);
  await session.execute(`DELETE FROM ${device}.${name} WHERE time >= ${from} AND time <= ${to}`);
  for (const each of name === "*" ? NAMES : [name]) model.erase(`${device}.${each}`, from, to);
}
