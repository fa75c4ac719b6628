import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../src/index.ts";

describe("ByteWriter", () => {
  it("grows within any write", () => {
    const writer = new ByteWriter(1);
    for (let i = 0; i < 100; i++)
      writer.u8(i).u16(i).u32(i).u53(i).i64(BigInt(i)).f64(i).raw(Uint8Array.of(i)).text(`${i}`);
    const reader = new ByteReader(writer.finish(), "message");
    for (let i = 0; i < 100; i++) {
      expect([reader.u8(), reader.u16(), reader.u32(), reader.u53()]).toEqual([i, i, i, i]);
      expect([reader.i64(), reader.f64(), reader.raw(1)[0], reader.text()]).toEqual([BigInt(i), i, i, `${i}`]);
    }
    reader.end();
  });
});
