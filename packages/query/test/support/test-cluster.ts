import { Deadline, type GroupNumber, type PathPattern, slotOf } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import type { EngineReader } from "@ringtide/engine";
import { executeQuery, type QueryCluster, type QueryStatement, type ResultSet, runFragment } from "@ringtide/query";
import { parse } from "@ringtide/sql";
import { timeAt, type Value, valueAt } from "@ringtide/tsfile";
import { NaiveReader, type NaiveSeries } from "./naive-reader.ts";

export const GROUPS = [16, 32, 48];
export const STRATEGY = { name: "device-hash", slotCount: 10000, salt: 2333 } as const;

export function groupOf(device: string): GroupNumber {
  return GROUPS[slotOf(device, STRATEGY) % GROUPS.length] ?? 0;
}

export interface ResultRow {
  readonly time: bigint | undefined;
  readonly values: readonly (Value | null)[];
}

/** Three groups in this process, devices spread over them by slot; fragments and messages pass as bytes. */
export class TestCluster implements QueryCluster {
  readonly readers: ReadonlyMap<GroupNumber, EngineReader>;
  readonly #storageGroups: readonly string[];
  maxMemoryBytes = 64 << 20;
  /** Messages that the groups sent. */
  messages = 0;

  constructor(readers: readonly EngineReader[], storageGroups: readonly string[]) {
    this.#storageGroups = storageGroups;
    this.readers = new Map(readers.map((reader) => [reader.group, reader]));
  }

  /** With naive readers that answer in batches of a few rows. */
  static naive(series: readonly NaiveSeries[], storageGroups: readonly string[], batchRows = 7): TestCluster {
    const readers = GROUPS.map((group) => {
      const own = series.filter((one) => groupOf(one.device) === group);
      return new NaiveReader(group, own, batchRows);
    });
    return new TestCluster(readers, storageGroups);
  }

  groupsOf(devices: readonly PathPattern[]): readonly GroupNumber[] {
    if (devices.every((device) => device.isExact)) return [...new Set(devices.map((device) => groupOf(device.text)))];
    return GROUPS;
  }

  async *run(
    group: GroupNumber,
    fragment: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    const reader = this.readers.get(group);
    if (reader === undefined) throw new Error(`no group ${group}`);
    for await (const message of runFragment(fragment.slice(), reader, options.signal)) {
      this.messages++;
      yield message.slice();
    }
  }

  /** Rows of the others come as blocks. */
  isLocal(group: GroupNumber): boolean {
    return group === GROUPS[0];
  }

  storageGroups(): readonly string[] {
    return this.#storageGroups;
  }

  /** Of naive readers. */
  get openStreams(): number {
    return [...this.readers.values()].reduce(
      (sum, reader) => sum + (reader instanceof NaiveReader ? reader.openStreams : 0),
      0,
    );
  }

  async query(sql: string, signal = new AbortController().signal, zone = "UTC"): Promise<ResultSet> {
    return await executeQuery(parse(sql, { precision: "ms", zone }) as QueryStatement, this, {
      now: 1000n,
      maxMemoryBytes: this.maxMemoryBytes,
      deadline: new Deadline(systemClock, 1000),
      signal,
      precision: "ms",
      zone,
    });
  }

  /** Column names and all rows. */
  async rows(sql: string, zone = "UTC"): Promise<{ names: string[]; rows: ResultRow[]; result: ResultSet }> {
    const result = await this.query(sql, undefined, zone);
    return { names: result.columns.map((column) => column.name), rows: await collect(result), result };
  }
}

export async function collect(result: ResultSet): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for await (const batch of result.batches) {
    if (batch.columns.length !== result.columns.length) throw new Error("a batch with other columns than its result");
    batch.columns.forEach((column, at) => {
      if (column.type !== result.columns[at]?.type) throw new Error(`column ${at} has another type than announced`);
    });
    if ((batch.times !== undefined) !== result.hasTime) throw new Error("times where none were announced, or none");
    for (let row = 0; row < batch.rows; row++) {
      rows.push({
        time: batch.times === undefined ? undefined : timeAt(batch.times, row),
        values: batch.columns.map((column) => valueAt(column, row)),
      });
    }
  }
  return rows;
}
