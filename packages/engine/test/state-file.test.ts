import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { describe, expect, it } from "vitest";
import { readState, StateWriter } from "../src/state-file.ts";
import type { StoreEntry } from "../src/store.ts";
import { useDirectories } from "./support/fixtures.ts";
import { SeededRandom } from "./support/random.ts";

const disk = createDisk();
const directory = useDirectories();
const ORIGIN = { group: 16, index: 2 ** 40 };
const pause = async () => undefined;

function bytesOf(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

async function* given(entries: readonly StoreEntry[]): AsyncGenerator<StoreEntry> {
  for (const entry of entries) yield entry;
}

async function write(path: string, entries: readonly StoreEntry[]) {
  return (await StateWriter.create(disk, path)).write(ORIGIN, given(entries), pause);
}

describe("a state file", () => {
  it.each([
    ["nothing", []],
    ["one entry", [[0, 0]]],
    [
      "parts of all sizes",
      [
        [9, 300],
        [1, 262_144],
        [17, 0],
        [3, 600_000],
        [9, 100_000],
        [9, 200_000],
        [2, 5],
      ],
    ],
  ] as const)("gives back %s", async (_name, sizes) => {
    const random = new SeededRandom(1);
    const entries = sizes.map(([key, value]): StoreEntry => [bytesOf(random, key), bytesOf(random, value)]);
    const path = join(directory(), "state");
    const { sizeBytes } = await write(path, entries);
    expect(readFileSync(path).length).toBe(sizeBytes);
    expect(await readState(disk, path, pause)).toEqual({ ...ORIGIN, entries });
  });

  it("is refused when a byte of it has changed, and at every length but its own", async () => {
    const random = new SeededRandom(2);
    const entries = Array.from({ length: 20 }, (): StoreEntry => [bytesOf(random, 9), bytesOf(random, 30)]);
    const path = join(directory(), "state");
    await write(path, entries);
    const whole = readFileSync(path);
    const expectRefused = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      await expect(readState(disk, path, pause)).rejects.toSatisfy((error) => hasCode(error, "DISK_CORRUPT"));
    };
    for (let at = 0; at < whole.length; at++) {
      const changed = Uint8Array.from(whole);
      changed[at] = (changed[at] as number) ^ (1 << (at & 7));
      await expectRefused(changed);
      await expectRefused(whole.subarray(0, at));
    }
    await expectRefused(Buffer.concat([whole, Uint8Array.of(0)]));
  });

  it("lets its entries go when it cannot be written", async () => {
    let isLetGo = false;
    async function* endless(): AsyncGenerator<StoreEntry> {
      try {
        for (;;) yield [new Uint8Array(9), new Uint8Array(100_000)];
      } finally {
        isLetGo = true;
      }
    }
    const path = join(directory(), "state");
    const writer = await StateWriter.create(disk, path);
    const written = writer.write(ORIGIN, endless(), () => Promise.reject(new RingtideError("SHUTTING_DOWN", "enough")));
    await expect(written).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    expect(isLetGo).toBe(true);
    await writer.abort();
    expect(await disk.stat(path)).toBeUndefined();
  });
});
