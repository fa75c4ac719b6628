import { type Tablet, tabletFromArrays } from "@ringtide/client";
import { assert, hasCode } from "@ringtide/common";
import type { KeySpace, PointKey } from "./key-space.ts";

export type Consistency = "strong" | "mid" | "weak";

/** What a workload needs of a session; that of `@ringtide/client` is one. */
export interface WorkloadSession {
  execute(
    sql: string,
    options?: { readonly consistency?: Consistency; readonly signal?: AbortSignal },
  ): Promise<{ toArray(): Promise<readonly { readonly values: readonly unknown[] }[]> }>;
  insert(tablet: Tablet, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
}

export async function createSeries(session: WorkloadSession, keys: KeySpace, signal: AbortSignal): Promise<void> {
  for (const device of keys.devices) {
    const sql = `CREATE TIMESERIES ${device}.${keys.measurement} WITH DATATYPE=INT64`;
    try {
      await session.execute(sql, { signal });
    } catch (error) {
      if (!hasCode(error, "SERIES_EXISTS")) throw error;
    }
  }
}

/** By a statement. */
export async function writePoint(
  session: WorkloadSession,
  { device, measurement, time }: PointKey,
  value: number,
  signal: AbortSignal,
): Promise<void> {
  await session.execute(`INSERT INTO ${device}(time, ${measurement}) VALUES (${time}, ${value})`, { signal });
}

/** As a tablet: points of one device, which take effect together. */
export async function writePoints(
  session: WorkloadSession,
  keys: readonly PointKey[],
  values: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const [first] = keys;
  assert(first !== undefined && keys.every(({ device }) => device === first.device), "a tablet is of one device");
  const column = { name: first.measurement, type: "INT64", values: values.map(BigInt) } as const;
  const tablet = tabletFromArrays({ device: first.device, times: keys.map(({ time }) => time), columns: [column] });
  await session.insert(tablet, { signal });
}

export async function deletePoint(
  session: WorkloadSession,
  { device, measurement, time }: PointKey,
  signal: AbortSignal,
): Promise<void> {
  await session.execute(`DELETE FROM ${device}.${measurement} WHERE time = ${time}`, { signal });
}

/** Null where there is no point. */
export async function readPoint(
  session: WorkloadSession,
  { device, measurement, time }: PointKey,
  consistency: Consistency,
  signal: AbortSignal,
): Promise<number | null> {
  const sql = `SELECT ${measurement} FROM ${device} WHERE time = ${time}`;
  const result = await session.execute(sql, { consistency, signal });
  const rows = await result.toArray();
  if (rows.length > 1) throw new Error(`${sql} gave ${rows.length} rows`);
  const value = rows[0]?.values[0] ?? null;
  return value === null ? null : Number(value);
}
