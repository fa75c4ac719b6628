import { crc32c } from "@node-rs/crc32";
import { EntryKind } from "@ringtide/raft";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntry, encodeEntry, encodeEntryParts, recordBytes } from "../src/index.ts";
import { segmentName } from "../src/segment.ts";
import { directoryOf, entry, filesOf, freshDirectory, openLog } from "./support.ts";

const safeInteger = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const anyEntry = fc.record({
  index: safeInteger,
  term: safeInteger,
  kind: fc.constantFrom(...Object.values(EntryKind)),
  session: safeInteger,
  sequence: safeInteger,
  payload: fc.uint8Array({ maxLength: 300 }),
});

function withNewChecksum(record: Uint8Array): Uint8Array {
  new DataView(record.buffer).setUint32(0, crc32c(record.subarray(4)), true);
  return record;
}

describe("the record of an entry", () => {
  it("gives the entry back, its payload as a view", () => {
    fc.assert(
      fc.property(anyEntry, fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(9), (written, group, offset) => {
        const record = encodeEntry(group, written);
        const bytes = new Uint8Array(offset + record.length + 3);
        bytes.set(record, offset);
        const decoded = decodeEntry(bytes, offset);
        expect(decoded).toEqual({ group, entry: written, nextOffset: offset + recordBytes(written) });
        expect(decoded.entry.payload.buffer).toBe(bytes.buffer);
        expect(encodeEntry(group, decoded.entry)).toEqual(record);
        expect(encodeEntryParts(group, decoded.entry)[0]?.buffer).toBe(bytes.buffer);
        expect(decodeEntry(encodeEntry(group ^ 1, decoded.entry), 0).group).toBe((group ^ 1) >>> 0);
      }),
    );
  });

  it("is the same in the file", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    const written = entry(1, 4, "payload");
    await log.append(16, { entries: [written] });
    const content = (await filesOf(directory)).get(segmentName(1)) ?? new Uint8Array(0);
    expect(content.slice(-recordBytes(written))).toEqual(encodeEntry(16, written));
  });

  it("keeps its layout", () => {
    const record = encodeEntry(0x01020304, entry(0x1f0000000a, 7, "ab"));
    expect(Buffer.from(record).toString("hex")).toMatchInlineSnapshot(
      `"b4744bf152570101020000000403020107000000000000000a0000001f0000000a0000001f0010000a0000001f0000006162"`,
    );
  });

  it("is refused when cut or changed anywhere", () => {
    const record = encodeEntry(16, entry(1));
    for (let length = 0; length < record.length; length++)
      expect(() => decodeEntry(record.subarray(0, length), 0)).toThrow(
        expect.objectContaining({ code: "FRAME_MALFORMED" }),
      );
    for (let bit = 0; bit < record.length * 8; bit++) {
      const flipped = record.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeEntry(flipped, 0)).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
    }
  });

  for (const [what, at] of [
    ["version", 6],
    ["kind", 7],
  ] as const)
    it(`is refused by name when its ${what} is of a later version, in a message and in a file`, async () => {
      const record = encodeEntry(16, entry(1));
      record[at] = 99;
      withNewChecksum(record);
      const refusal = { code: "FORMAT_UNKNOWN", message: expect.stringContaining(`${what} 99`) };
      expect(() => decodeEntry(record, 0)).toThrow(expect.objectContaining(refusal));
      const directory = await freshDirectory();
      await (await openLog(directory)).close();
      const files = new Map(await filesOf(directory));
      files.set(segmentName(1), new Uint8Array([...(files.get(segmentName(1)) ?? []), ...record]));
      await expect(openLog(await directoryOf(files))).rejects.toMatchObject(refusal);
    });
});

describe("the identity of the node", () => {
  it("keeps a node from another one's log", async () => {
    const directory = await freshDirectory();
    await (await openLog(directory, { identity: "one" })).close();
    await (await openLog(directory, { identity: "one" })).close();
    await (await openLog(directory)).close();
    await expect(openLog(directory, { identity: "two" })).rejects.toMatchObject({ code: "DATA_DIR_FOREIGN" });
    const files = new Map(await filesOf(directory));
    const other = await freshDirectory();
    await (await openLog(other, { identity: "two" })).close();
    files.set(segmentName(1), (await filesOf(other)).get(segmentName(1)) ?? new Uint8Array(0));
    await expect(openLog(await directoryOf(files))).rejects.toMatchObject({ code: "DATA_DIR_FOREIGN" });
  });
});
