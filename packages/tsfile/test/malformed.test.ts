import { hasCode } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockHeader } from "../src/block/header.ts";
import {
  checkBlock,
  columnFromValues,
  DataType,
  encodeBlock,
  openBlock,
  selectColumns,
  timesFromNumbers,
} from "../src/index.ts";
import { anyBatch } from "./arbitraries.ts";
import { gaussianWalk } from "./data.ts";
import { sealed } from "./seal.ts";

/** True when the block was taken; anything but BLOCK_MALFORMED fails the test. */
function isTaken(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!hasCode(error, "BLOCK_MALFORMED")) throw error;
    return false;
  }
}

const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });

function flipped(block: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array {
  const out = block.slice();
  for (const [place, bits] of at) out[place % out.length] = (out[place % out.length] as number) ^ bits;
  return out;
}

const BLOCK = encodeBlock({
  rows: 4,
  times: timesFromNumbers([1, 2, 4, 9]),
  columns: [
    columnFromValues(DataType.DOUBLE, [1.5, null, Number.NaN, -3]),
    columnFromValues(DataType.TEXT, ["a", "é", "", "b"]),
    columnFromValues(DataType.INT32, [5, 4, 3, 2]),
    columnFromValues(DataType.BOOLEAN, [true, false, true, null]),
  ],
});

describe("a malformed block", () => {
  it("is refused when a byte of it has changed", () => {
    fc.assert(
      fc.property(anyBatch(40, 1), flips, (batch, at) => {
        const block = encodeBlock(batch);
        const damaged = flipped(block, at);
        if (Buffer.compare(damaged, block) === 0) return;
        expect(isTaken(() => checkBlock(damaged))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused at every length but its own", () => {
    for (let length = 0; length < BLOCK.length; length++)
      expect(isTaken(() => openBlock(BLOCK.subarray(0, length)))).toBe(false);
    expect(isTaken(() => openBlock(Buffer.concat([BLOCK, Uint8Array.of(0)])))).toBe(false);
  });

  it("is at most refused, and never crashes a reader, when its checksums were made to hold", () => {
    fc.assert(
      fc.property(anyBatch(40, 1), flips, (batch, at) => {
        const damaged = sealed(flipped(encodeBlock(batch), at));
        isTaken(() => checkBlock(damaged));
        isTaken(() => openBlock(damaged).batch());
        isTaken(() => selectColumns(damaged, []));
      }),
      { numRuns: 3000 },
    );
  });

  it("is at most refused, when long packed columns are damaged", () => {
    const walk = gaussianWalk(3, 1500, 2);
    const block = encodeBlock({
      rows: 1500,
      times: timesFromNumbers(walk.map((step, i) => 1000 * i + Math.round(Math.abs(step)))),
      columns: [
        columnFromValues(DataType.DOUBLE, walk),
        columnFromValues(
          DataType.INT64,
          walk.map((value, i) => (i === 700 ? 2n ** 62n : BigInt(Math.round(100 * value)))),
        ),
        columnFromValues(
          DataType.TEXT,
          walk.map((value) => `state ${Math.round(value)}`),
        ),
      ],
    });
    const body = new BlockHeader(block, true).sizeBytes;
    fc.assert(
      fc.property(flips, (at) => {
        const damaged = sealed(
          flipped(
            block,
            at.map(([place, bits]) => [body + (place % (block.length - body)), bits]),
          ),
        );
        isTaken(() => checkBlock(damaged));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the full check", () => {
  const header = new BlockHeader(BLOCK, true);
  const entryAt = (column: number) => header.entry(column).byteOffset - BLOCK.byteOffset;

  function changed(at: number, value: number): Uint8Array {
    const out = BLOCK.slice();
    out[at] = value;
    return sealed(out);
  }

  it("refuses any statistics that are not those of the values", () => {
    for (let column = 0; column < 4; column++) {
      const from = entryAt(column) + (column === 1 ? 16 : 12);
      const to = column < 3 ? entryAt(column + 1) : header.sizeBytes - 4;
      for (let at = from; at < to; at++) {
        const lie = changed(at, (BLOCK[at] as number) ^ 1);
        expect(
          isTaken(() => checkBlock(lie)),
          `byte ${at} of column ${column}`,
        ).toBe(false);
      }
    }
  });

  it("says what is wrong, and where", () => {
    const min = entryAt(2) + 12 + 8;
    expect(() => checkBlock(changed(min, 1))).toThrow("min of column 2 is 2, its statistics say 1");
    expect(() => checkBlock(changed(1, 9))).toThrow("unknown version 9");
    expect(() => checkBlock(changed(entryAt(2), 7))).toThrow("column 2 has the unknown type 7");
    expect(() => checkBlock(changed(entryAt(2) + 1, 99))).toThrow("column 2 (INT32): unknown encoding 99");
    expect(() => checkBlock(changed(6, 255))).toThrow("rows, at most 65536 are allowed");
  });

  it("refuses times that do not ascend, or that its header does not have", () => {
    const times = header.sizeBytes;
    expect(header.timeBytes).toBeGreaterThan(0);
    let taken = 0;
    for (let at = times; at < times + header.timeBytes; at++)
      for (let bit = 0; bit < 8; bit++) {
        const lie = changed(at, (BLOCK[at] as number) ^ (1 << bit));
        if (!isTaken(() => checkBlock(lie))) continue;
        const { offsets } = openBlock(lie).times();
        expect([...offsets]).toEqual([...offsets].sort((a, b) => a - b));
        taken++;
      }
    expect(taken).toBeLessThan(8 * header.timeBytes);
  });

  it("refuses texts that are not UTF-8, or that cut a character", () => {
    const texts = encodeBlock({
      rows: 2,
      times: timesFromNumbers([1, 2]),
      columns: [columnFromValues(DataType.TEXT, ["x", "yé"])],
    });
    const broken = texts.slice();
    broken[broken.length - 1] = 0xff;
    expect(() => checkBlock(sealed(broken))).toThrow(/not valid UTF-8/);
    const cut = {
      rows: 4,
      times: timesFromNumbers([1, 2, 3, 4]),
      columns: [
        {
          type: DataType.TEXT,
          values: { offsets: Uint32Array.of(0, 1, 2, 3, 4), bytes: Uint8Array.of(0x61, 0xc3, 0xa9, 0x62) },
          present: undefined,
        },
      ],
    } as const;
    expect(() => checkBlock(encodeBlock(cut))).toThrow("text of column 0, row 2 begins within a character");
  });

  it("refuses a block without rows, columns or times", () => {
    const columns = [columnFromValues(DataType.INT32, [1])];
    expect(isTaken(() => checkBlock(encodeBlock({ rows: 1, times: undefined, columns })))).toBe(false);
    expect(isTaken(() => checkBlock(encodeBlock({ rows: 1, times: timesFromNumbers([1]), columns: [] })))).toBe(false);
    expect(isTaken(() => checkBlock(encodeBlock({ rows: 0, times: timesFromNumbers([]), columns: [] })))).toBe(false);
  });

  it("bounds what a few bytes may expand to", () => {
    const constant = columnFromValues(DataType.DOUBLE, new Array<number>(65_536).fill(1));
    const columns = new Array(100).fill(constant);
    const block = encodeBlock({ rows: 65_536, times: undefined, columns });
    expect(block.length).toBeLessThan(10_000);
    const entries = block.subarray(48, block.length - 4 - 800);
    const wide = Buffer.concat([block.subarray(0, 48), entries, entries, Buffer.alloc(4), Buffer.alloc(1600)]);
    wide.writeUInt16LE(200, 8);
    wide.writeUInt32LE(2 * entries.length, 12);
    expect(() => openBlock(sealed(wide))).toThrow("it would take more than 67108864 bytes of memory");
  });
});
