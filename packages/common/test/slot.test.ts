import { readFileSync } from "node:fs";
import { join } from "node:path";
import { murmur3, slotOf } from "@ringtide/common";
import { describe, expect, it } from "vitest";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/internals/slots.md"), "utf8");

interface Vector {
  readonly text: string;
  readonly salt: number;
  readonly hash: number;
  readonly slot: number;
}

function vectors(): Vector[] {
  return Array.from(PAGE.matchAll(/^\| (\(empty\)|`(.+)`) +\| +(\d+) \| +(\d+) \| +(\d+) \|$/gmu), (row) => ({
    text: row[2] ?? "",
    salt: Number(row[3]),
    hash: Number(row[4]),
    slot: Number(row[5]),
  }));
}

describe("slots", () => {
  it("are those of the golden vectors in the docs", () => {
    expect(vectors()).toHaveLength(36);
    for (const { text, salt, hash, slot } of vectors()) {
      expect(murmur3(text, salt), `hash of '${text}'`).toBe(hash);
      expect(slotOf(text, { name: "device-hash", slotCount: 10000, salt })).toBe(slot);
    }
  });

  it("are spread evenly over numbered devices", () => {
    const strategy = { name: "device-hash", slotCount: 100, salt: 2333 } as const;
    const devices = new Array<number>(strategy.slotCount).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const slot = slotOf(`root.plant.line${i % 7}.d${i}`, strategy);
      devices[slot] = (devices[slot] as number) + 1;
    }
    for (const count of devices) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });
});
