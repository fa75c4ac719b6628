import { hasCode } from "@ringtide/common";
import { parse, type SelectStatement } from "@ringtide/sql";
import { expect } from "vitest";
import { type Dice, randomSql } from "./generate.ts";
import { evaluate } from "./model.ts";
import type { NaiveSeries } from "./naive-reader.ts";
import type { ResultRow, TestCluster } from "./test-cluster.ts";

/** Compares the answer to a random query with the model's; false when a full path does not exist: the model has no opinion on that. */
export async function checkRandomQuery(
  cluster: TestCluster,
  series: readonly NaiveSeries[],
  dice: Dice,
  seed: number,
): Promise<boolean> {
  const sql = randomSql(dice, series);
  const where = `seed ${seed}: ${sql}`;
  const actual = await answer(cluster, sql, where);
  expect(cluster.openStreams, where).toBe(0);
  if (actual === undefined) return false;
  const expected = evaluate(parse(sql, { precision: "ms", zone: "UTC" }) as SelectStatement, series);
  expect(actual.names, where).toEqual(expected.names);
  expect(actual.rows.map(rounded), where).toEqual(expected.rows.map(rounded));
  return true;
}

async function answer(cluster: TestCluster, sql: string, where: string) {
  try {
    return await cluster.rows(sql);
  } catch (error) {
    if (hasCode(error, "PATH_NOT_FOUND")) return undefined;
    throw new Error(`${where}: ${String(error)}`, { cause: error });
  }
}

/** Sums may differ in their last digits: they are added up in another order. */
function rounded(row: ResultRow): unknown {
  return {
    time: row.time,
    values: row.values.map((value) => (typeof value === "number" ? Number(value.toPrecision(9)) : value)),
  };
}
