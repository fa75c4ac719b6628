import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generate } from "../scripts/generate.ts";
import {
  decodeMessage,
  ExecuteResponse,
  encodeMessage,
  HelloMessage,
  InsertRequest,
  InsertResponse,
  OpenSessionRequest,
  RaftMessage,
} from "../src/index.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (hasCode(error, "FRAME_MALFORMED", "VALUE_OUT_OF_RANGE")) return `${error.code} ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("messages", () => {
  it("are generated from the proto files as they are", () => {
    const dir = mkdtempSync(join(tmpdir(), "ringtide-proto-"));
    try {
      generate(dir);
      const committed = join(import.meta.dirname, "../src/generated");
      expect(readdirSync(dir)).toEqual(readdirSync(committed));
      for (const name of readdirSync(dir))
        expect(readFileSync(join(dir, name), "utf8"), name).toBe(readFileSync(join(committed, name), "utf8"));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("give back what was encoded, with 64-bit fields as numbers", () => {
    const session = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER));
    const block = fc.record({ device: fc.string(), measurements: fc.array(fc.string()), block: fc.uint8Array() });
    const request = fc.record({ session, sequence: session, retry: fc.boolean(), blocks: fc.array(block) });
    fc.assert(
      fc.property(request, (message) => {
        const read = decodeMessage(InsertRequest, encodeMessage(InsertRequest, message), "request");
        expect([read.session, read.sequence, read.retry]).toEqual([message.session, message.sequence, message.retry]);
        expect(
          read.blocks.map((b) => ({ device: b.device, measurements: b.measurements, block: [...b.block] })),
        ).toEqual(message.blocks.map((b) => ({ ...b, block: [...b.block] })));
      }),
    );
  });

  it("have defaults for what is left out, and say which part is set", () => {
    const opened = decodeMessage(OpenSessionRequest, encodeMessage(OpenSessionRequest, {}), "request");
    expect([opened.session, opened.clientName, opened.protocolMax]).toEqual([0, "", 0]);
    expect(decodeMessage(RaftMessage, new Uint8Array(), "message").type).toBe(0);
    const batch = encodeMessage(ExecuteResponse, { batch: new Uint8Array() });
    expect(decodeMessage(ExecuteResponse, batch, "response").part).toBe("batch");
    expect(decodeMessage(ExecuteResponse, new Uint8Array(), "response").part).toBeUndefined();
    expect(decodeMessage(InsertResponse, new Uint8Array(), "response").error).toBeNull();
    const hello = encodeMessage(HelloMessage, { agreement: { precision: "ms" } });
    expect(decodeMessage(HelloMessage, hello, "hello").agreement).toEqual({ precision: "ms" });
  });

  it("decode byte fields to views", () => {
    const bytes = encodeMessage(InsertRequest, { blocks: [{ device: "root.a.b", block: Uint8Array.of(1, 2, 3) }] });
    const block = decodeMessage(InsertRequest, bytes, "request").blocks[0]?.block;
    expect(block).toHaveLength(3);
    expect(block?.buffer).toBe(bytes.buffer);
  });

  it("refuse integers that a number cannot hold, both ways", () => {
    for (const session of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(codeOf(() => encodeMessage(InsertRequest, { session }))).toContain("VALUE_OUT_OF_RANGE");
    const above = Uint8Array.of(8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(codeOf(() => decodeMessage(InsertRequest, above, "request"))).toContain("integer above 2^53");
    const endless = new Uint8Array(12).fill(0xff);
    endless[0] = 8;
    expect(codeOf(() => decodeMessage(InsertRequest, endless, "request"))).toContain("FRAME_MALFORMED");
  });

  it("answer bytes that are no message with FRAME_MALFORMED, never with another error", () => {
    const good = encodeMessage(InsertRequest, {
      session: 2 ** 40,
      blocks: [{ device: "root.a.b", measurements: ["x", "y"], block: new Uint8Array(40) }],
    });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = good.slice();
        bytes[at] = value;
        codeOf(() => decodeMessage(InsertRequest, bytes, "request"));
        codeOf(() => decodeMessage(InsertRequest, good.subarray(0, at), "request"));
      }),
    );
    expect(codeOf(() => decodeMessage(InsertRequest, good.subarray(0, good.length - 1), "insert request"))).toContain(
      "FRAME_MALFORMED insert request is no InsertRequest",
    );
    const badText = Uint8Array.of(10, 1, 0xff);
    expect(codeOf(() => decodeMessage(OpenSessionRequest, badText, "request"))).toContain("FRAME_MALFORMED");
  });

  it("skip fields of a newer version", () => {
    const bytes = Uint8Array.of(8, 5, 0xf8, 0x3f, 1);
    expect(decodeMessage(InsertRequest, bytes, "request").session).toBe(5);
  });
});
