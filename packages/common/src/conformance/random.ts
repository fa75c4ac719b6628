import { describe, expect, it } from "vitest";
import { type Random, randomBelow, randomId, randomUuid } from "../ports/index.ts";
import { type Disposable, fixture } from "./support.ts";

export interface RandomFixture extends Disposable {
  readonly random: Random;
}

/** Registers the tests that every Random has to pass. Bounds are so wide that a fair source fails about never. */
export function randomConformance(name: string, make: () => Promise<RandomFixture>): void {
  describe(`Random: ${name}`, () => {
    const given = fixture(make);

    it("gives integers in [0, 2^32), each bit set half of the time", () => {
      const draws = 20_000;
      const set = new Array<number>(32).fill(0);
      for (let i = 0; i < draws; i++) {
        const value = given().random.uint32();
        expect(Number.isInteger(value) && value >= 0 && value <= 0xffffffff).toBe(true);
        for (let bit = 0; bit < 32; bit++) set[bit] = (set[bit] as number) + ((value >>> bit) & 1);
      }
      for (const count of set) expect(Math.abs(count - draws / 2)).toBeLessThan(800);
    });

    it("gives as many bytes as asked for, in a buffer of their own", () => {
      const { random } = given();
      expect(random.bytes(0)).toHaveLength(0);
      const bytes = random.bytes(10_000);
      expect(bytes).toHaveLength(10_000);
      expect(new Set(bytes).size).toBe(256);
      const kept = Array.from(bytes);
      random.bytes(10_000);
      expect(Array.from(bytes)).toEqual(kept);
    });

    it("serves the helpers: bounded integers, ids, UUIDs", () => {
      const { random } = given();
      const faces = new Set(Array.from({ length: 500 }, () => randomBelow(random, 6)));
      expect([...faces].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      const ids = new Set(Array.from({ length: 500 }, () => randomId(random)));
      expect(ids.size).toBe(500);
      for (const id of ids) expect(Number.isSafeInteger(id) && id >= 1).toBe(true);
      const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
      expect(randomUuid(random)).toMatch(uuid);
      expect(randomUuid(random)).not.toBe(randomUuid(random));
    });
  });
}
