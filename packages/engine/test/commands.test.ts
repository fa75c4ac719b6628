import { hasCode, type RequestId } from "@ringtide/common";
import { DataType } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import type { Command } from "../src/api.ts";
import { decodeCommand, encodeCommand } from "../src/commands.ts";

const request: RequestId = { session: 2 ** 53 - 1, sequence: 7, acknowledged: 5, retry: true };

const commands: Command[] = [
  {
    kind: "insertBlocks",
    blocks: [
      { device: "root.sg.d1", measurements: ["s1", "größe"], block: new Uint8Array([1, 2, 3]) },
      { device: "root.sg.d2", measurements: [], block: new Uint8Array(0) },
    ],
  },
  {
    kind: "insertRows",
    rows: [
      {
        device: "root.sg.d1",
        time: -(2n ** 63n),
        measurements: ["a", "b", "c", "d", "e"],
        values: [
          { kind: "null" },
          { kind: "boolean", value: true },
          { kind: "integer", value: 2n ** 63n - 1n },
          { kind: "decimal", value: -0.5 },
          { kind: "text", value: "ünï" },
        ],
      },
    ],
  },
  {
    kind: "createSeries",
    series: [{ path: "root.sg.d1.s1", type: DataType.INT64, encoding: "RLE", compression: "SNAPPY" }],
  },
  { kind: "deleteSeries", patterns: ["root.sg.*", "root.x.y"] },
  { kind: "deleteData", patterns: ["root.**"], from: -5n, to: 2n ** 63n - 1n },
  { kind: "dropStorageGroup", storageGroup: "root.sg" },
];

describe("commands as log payloads", () => {
  it.each(commands)("gives back what was encoded: $kind", (command) => {
    for (const id of [undefined, request, { ...request, retry: false }])
      expect(decodeCommand(encodeCommand(id, command))).toEqual({ request: id, command });
  });

  it("views blocks in the payload instead of copying them", () => {
    const payload = encodeCommand(undefined, commands[0] as Command);
    const { command } = decodeCommand(payload);
    if (command.kind !== "insertBlocks") throw new Error("kind");
    expect(command.blocks[0]?.block.buffer).toBe(payload.buffer);
  });

  it.each(commands)("refuses every cut and every changed byte that makes no command: $kind", (command) => {
    const payload = encodeCommand(request, command);
    for (let length = 0; length < payload.length; length++)
      expect(() => decodeCommand(payload.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "FRAME_MALFORMED" }),
      );
    for (let at = 0; at < payload.length; at++) {
      const damaged = payload.slice();
      damaged[at] = 0xff;
      try {
        decodeCommand(damaged);
      } catch (error) {
        expect(hasCode(error, "FRAME_MALFORMED", "FORMAT_UNKNOWN")).toBe(true);
      }
    }
  });

  it("refuses times and whole numbers beyond 64 bits, and rows with unequal lists", () => {
    const insert = (row: Partial<{ time: bigint; integer: bigint; measurements: string[] }>) => () =>
      encodeCommand(undefined, {
        kind: "insertRows",
        rows: [
          {
            device: "root.sg.d",
            time: row.time ?? 0n,
            measurements: row.measurements ?? ["a"],
            values: [{ kind: "integer", value: row.integer ?? 0n }],
          },
        ],
      });
    expect(insert({ time: 2n ** 63n })).toThrow(expect.objectContaining({ code: "TIME_OUT_OF_RANGE" }));
    expect(insert({ integer: -(2n ** 63n) - 1n })).toThrow(expect.objectContaining({ code: "VALUE_OUT_OF_RANGE" }));
    expect(insert({ measurements: [] })).toThrow(expect.objectContaining({ code: "TABLET_SHAPE" }));
  });
});
