import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode, type Kv, type KvChange, utf8Bytes, utf8Text } from "@ringtide/common";
import { openLevelKv } from "@ringtide/common/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const SIZE_MIB = 32;
const directory = mkdtempSync(join(tmpdir(), "ringtide-full-"));
/** Tools of the system. */
const MOUNT = "mount";
const UNMOUNT = "umount";
const FILLER = join(directory, "filler");

/** A small file system of its own can be full for real; making one takes root. */
const canMount = spawnSync(MOUNT, ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m`, "tmpfs", directory]).status === 0;
if (!canMount)
  console.warn("SKIPPED: a store on a full disk. Mounting a tmpfs is not allowed here; run these tests as root.");

afterAll(() => {
  if (canMount) execFileSync(UNMOUNT, [directory]);
  rmSync(directory, { recursive: true, force: true });
});

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function fillAllBut(bytes: number): void {
  writeFileSync(FILLER, new Uint8Array(Math.max(0, freeBytes() - bytes)));
}

function makeRoom(): void {
  rmSync(FILLER, { force: true });
}

function put(kv: Kv, key: string, bytes: number, sync = true): Promise<void> {
  // Bytes that do not compress.
  const value = randomBytes(bytes);
  const changes: KvChange[] = [
    { op: "put", key: utf8Bytes(`${key}/first`), value },
    { op: "put", key: utf8Bytes(`${key}/second`), value: utf8Bytes("") },
  ];
  return kv.write(changes, { sync });
}

async function keys(kv: Kv): Promise<string[]> {
  const found: string[] = [];
  for await (const [key] of kv.entries({})) found.push(utf8Text(key));
  return found;
}

/** Writes until the disk is full; returns the keys that were acknowledged and the one that was not. */
async function writeUntilFull(kv: Kv, name: string, bytes: number): Promise<{ stored: string[]; failed: string }> {
  const stored: string[] = [];
  for (let i = 0; ; i++) {
    const key = `${name}${i}`;
    try {
      await put(kv, key, bytes);
      stored.push(key);
    } catch (error) {
      expect(hasCode(error, "DISK_FULL"), String(error)).toBe(true);
      return { stored, failed: key };
    }
  }
}

describe.skipIf(!canMount)("a store on a full disk", () => {
  let path = "";
  beforeAll(() => expect(freeBytes()).toBeGreaterThan(16 * 1024 * 1024));
  afterEach(() => {
    makeRoom();
    rmSync(path, { recursive: true, force: true });
  });

  for (const [bytes, free] of [
    [100, 60_000],
    [3000, 300_000],
    [50_000, 1_200_000],
    [900_000, 6_000_000],
  ] as const)
    it(`loses nothing acknowledged, keeps nothing by halves, and goes on once there is room: values of ${bytes} bytes`, async () => {
      path = join(directory, `kv${bytes}`);
      const kv = await openLevelKv(path);
      const acknowledged: string[] = [];
      for (let round = 0; round < 3; round++) {
        fillAllBut(free);
        const { stored, failed } = await writeUntilFull(kv, `r${round}.`, bytes);
        acknowledged.push(...stored);
        for (let i = 0; i < 3; i++)
          await expect(put(kv, `refused${i}`, 10)).rejects.toMatchObject({ code: "DISK_FULL" });
        // What is there can be read meanwhile.
        const present = await keys(kv);
        expect(present).toEqual(acknowledged.flatMap((key) => [`${key}/first`, `${key}/second`]).sort());
        makeRoom();
        await put(kv, failed, 20, round === 1);
        acknowledged.push(failed);
      }
      await kv.close();
      const again = await openLevelKv(path);
      expect(await keys(again)).toEqual(acknowledged.flatMap((key) => [`${key}/first`, `${key}/second`]).sort());
      await again.close();
    });

  it("recovers when it fills up while LevelDB merges tables in the background", async () => {
    path = join(directory, "merging");
    const kv = await openLevelKv(path);
    fillAllBut(9 * 1024 * 1024);
    const { stored, failed } = await writeUntilFull(kv, "k", 30_000);
    expect(stored.length).toBeGreaterThan(100);
    makeRoom();
    await put(kv, failed, 10);
    const present = await keys(kv);
    expect(present).toEqual([...stored, failed].flatMap((key) => [`${key}/first`, `${key}/second`]).sort());
    await kv.close();
  });

  it("is not opened again under a reader of a range, who sees what he began with", async () => {
    path = join(directory, "reader");
    const kv = await openLevelKv(path);
    await put(kv, "a", 10);
    fillAllBut(500_000);
    await writeUntilFull(kv, "k", 5000);
    makeRoom();
    const before = (await keys(kv)).length;
    let seen = 0;
    for await (const [key] of kv.entries({})) {
      if (seen++ === 0) await expect(put(kv, "b", 10)).rejects.toMatchObject({ code: "DISK_FULL" });
      expect(utf8Text(key).startsWith("b/")).toBe(false);
    }
    expect(seen).toBe(before);
    const [, ...values] = await Promise.all([
      put(kv, "b", 10),
      ...Array.from({ length: 50 }, () => kv.get(utf8Bytes("a/second"))),
    ]);
    expect(values).toEqual(new Array(50).fill(utf8Bytes("")));
    expect(await kv.get(utf8Bytes("b/second"))).toEqual(utf8Bytes(""));
    await kv.close();
  });
});
