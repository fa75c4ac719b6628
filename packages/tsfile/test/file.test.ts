import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, type DiskFile, hasCode } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ColumnBatch,
  columnFromValues,
  DataType,
  digestFile,
  encodeBlock,
  FileReader,
  FileWriter,
  openBlock,
  selectColumns,
  timesFromBigints,
} from "../src/index.ts";

const META = { group: 16, index: 1234, encoderVersion: 1 };
const disk = createDisk();
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tsfile-"));
});
afterEach(async () => {
  for (const file of opened) await (file as DiskFile).close();
  opened.clear();
  await rm(directory, { recursive: true });
});

function blockAt(start: number, rows: number): Uint8Array {
  const numbers = Array.from({ length: rows }, (_, i) => start + i);
  const batch: ColumnBatch = {
    rows,
    times: timesFromBigints(numbers.map((n) => BigInt(n) * 1000n)),
    columns: [
      columnFromValues(
        DataType.DOUBLE,
        numbers.map((n) => Math.sin(n)),
      ),
      columnFromValues(
        DataType.TEXT,
        numbers.map((n) => (n % 3 === 0 ? null : `text ${n}`)),
      ),
      columnFromValues(
        DataType.INT64,
        numbers.map((n) => BigInt(n * n)),
      ),
    ],
  };
  return encodeBlock(batch);
}

const TYPES = [DataType.DOUBLE, DataType.TEXT, DataType.INT64];
const FIRST_BLOCKS = [blockAt(-50, 40), blockAt(0, 300), blockAt(1000, 5)];

async function writeFileOf(name: string, on: Disk = disk) {
  const writer = await FileWriter.create(on, directory, name, META);
  await writer.addDevice(5, 9, [1, 2, 3], TYPES, FIRST_BLOCKS);
  await writer.addDevice(5, 12, [4, 5, 6], TYPES, [blockAt(0, 3000)]);
  await writer.addDevice(5, 12, [7], [DataType.DOUBLE], [selectColumns(blockAt(0, 7), [0])]);
  await writer.addDevice(700, 2, [8, 9, 10], TYPES, [blockAt(99, 1)]);
  return writer.finish();
}

describe("a data file", () => {
  it("gives back its blocks, whole and by columns, and knows their statistics", async () => {
    const finished = await writeFileOf("a");
    expect(finished).toMatchObject({ name: "a", minTime: -50_000n, maxTime: 2_999_000n });
    const reader = await FileReader.open(disk, join(directory, "a"));
    expect(reader.meta).toEqual(META);
    expect([...reader.devices()]).toEqual([9, 12, 2]);
    const blocks = reader.blocks(9);
    expect(await Promise.all(blocks.map((ref) => reader.read(ref)))).toEqual(FIRST_BLOCKS);
    for (const [i, ref] of blocks.entries()) {
      const original = FIRST_BLOCKS[i] as Uint8Array;
      expect([...ref.seriesIds]).toEqual([1, 2, 3]);
      expect(ref.statistics(2)).toEqual(openBlock(original).statistics(2));
      expect(await reader.readColumns(ref, [2, 0])).toEqual(selectColumns(original, [2, 0]));
    }
    expect(reader.blocks(12).map((ref) => ref.columnCount)).toEqual([3, 1]);
    expect(reader.blocks(77)).toEqual([]);
    const points = [9, 12, 2].flatMap((id) => reader.blocks(id)).reduce((sum, ref) => sum + pointsOf(ref), 0);
    expect(finished.points).toBe(points);
    expect(reader.content).toEqual({ points, minTime: finished.minTime, maxTime: finished.maxTime });
    await reader.close();
  });

  it("has the same digest for the same input, which reading it whole finds again", async () => {
    const [a, b] = [await writeFileOf("a"), await writeFileOf("b")];
    expect(a.digest).toMatch(/^[0-9a-f]{16}$/);
    expect(b).toEqual({ ...a, name: "b" });
    const paused: number[] = [];
    const found = await digestFile(disk, join(directory, "a"), async (bytes) => void paused.push(bytes));
    expect(found).toEqual({ sizeBytes: a.sizeBytes, digest: a.digest });
    expect(paused.reduce((sum, bytes) => sum + bytes, 0)).toBe(a.sizeBytes);
  });

  it("is not there before it is finished, and leaves nothing when given up", async () => {
    const writer = await FileWriter.create(disk, directory, "a", META);
    await writer.addDevice(5, 9, [1, 2, 3], TYPES, FIRST_BLOCKS);
    expect(await disk.list(directory)).toEqual(["a.tmp"]);
    const again = await FileWriter.create(disk, directory, "a", META);
    await again.abort();
    await writer.abort();
    expect(await disk.list(directory)).toEqual([]);
  });

  it("is whole or not there, whichever call to the disk is the last before a crash", async () => {
    const calls: string[] = [];
    await writeFileOf("whole", crashingDisk(Number.POSITIVE_INFINITY, calls));
    expect(calls.slice(calls.indexOf("datasync"))).toEqual(["datasync", "close", "rename", "syncDir"]);
    for (let last = 0; last <= calls.length; last++) {
      const name = `crash-${last}`;
      const written = writeFileOf(name, crashingDisk(last, []));
      if (last < calls.length) await expect(written).rejects.toThrow("crash");
      else await written;
      const isThere = (await disk.list(directory)).includes(name);
      expect(isThere).toBe(last > calls.indexOf("rename"));
      if (isThere) await readAll(join(directory, name), (await writeFileOf("whole")).digest);
    }
  });

  it("is refused when cut at any byte", async () => {
    const { sizeBytes } = await writeFileOf("a");
    const whole = await readFile(join(directory, "a"));
    for (let length = 0; length < sizeBytes; length += 1 + (length % 211)) {
      await writeFile(join(directory, "cut"), whole.subarray(0, length));
      await expect(FileReader.open(disk, join(directory, "cut"))).rejects.toSatisfy((error) =>
        hasCode(error, "DISK_CORRUPT"),
      );
    }
  });

  it("never gives out a damaged byte: opening, reading or verifying says where the damage is", async () => {
    const { sizeBytes, digest } = await writeFileOf("a");
    const whole = await readFile(join(directory, "a"));
    for (let at = 0; at < sizeBytes; at += 1 + (at % 157)) {
      const damaged = Uint8Array.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << (at & 7));
      await writeFile(join(directory, "damaged"), damaged);
      await expect(readAll(join(directory, "damaged"), digest)).rejects.toSatisfy(
        (error) => hasCode(error, "DISK_CORRUPT") && /damaged: .* at byte \d+/.test(error.message),
      );
    }
  });

  it("opens an index of 1000 series and 10 blocks each in milliseconds", async () => {
    const writer = await FileWriter.create(disk, directory, "wide", META);
    const blocks = Array.from({ length: 10 }, (_, b) => blockAt(b * 100, 100));
    for (let device = 0; device < 334; device++) await writer.addDevice(1, device, [1, 2, 3], TYPES, blocks);
    await writer.finish();
    const reader = await FileReader.open(disk, join(directory, "wide"));
    expect([...reader.devices()].length).toBe(334);
    expect(reader.blocks(333).length).toBe(10);
    await reader.close();
  });
});

function pointsOf(ref: { readonly columnCount: number; count(column: number): number }): number {
  let points = 0;
  for (let c = 0; c < ref.columnCount; c++) points += ref.count(c);
  return points;
}

/** Reads every block; then compares the digest, as the owner of a file does. */
async function readAll(path: string, digest: string): Promise<void> {
  const reader = await FileReader.open(disk, path);
  try {
    for (const device of reader.devices())
      for (const ref of reader.blocks(device)) openBlock(await reader.read(ref)).batch();
    expect((await digestFile(disk, path, async () => {})).digest).toBe(digest);
  } finally {
    await reader.close();
  }
}

/** Files that a crash left open. */
const opened = new Set<object>();

/** The real disk until `last` calls have been made; every call after them fails. Notes the calls. */
function crashingDisk(last: number, calls: string[]): Disk {
  return crashing(disk, last, calls, (file) => crashing(file, last, calls, (value) => value));
}

function crashing<T extends object>(target: T, last: number, calls: string[], wrapFile: (file: object) => object): T {
  return new Proxy(target, {
    get: (_, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        if (calls.length >= last) throw new Error("crash");
        calls.push(String(name));
        const result: unknown = await Reflect.apply(method, target, args);
        if (name === "close") opened.delete(target);
        if (name !== "open" || typeof result !== "object" || result === null) return result;
        opened.add(result);
        return wrapFile(result);
      };
    },
  });
}
