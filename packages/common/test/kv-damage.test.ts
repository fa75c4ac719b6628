import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode, type Kv, type KvChange, utf8Bytes, utf8Text } from "@ringtide/common";
import { openLevelKv } from "@ringtide/common/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ringtide-kv-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const put = (i: number, bytes: number): KvChange => ({
  op: "put",
  key: utf8Bytes(`key${i}`),
  value: utf8Bytes(`value${i}`.padEnd(bytes, ".")),
});

/** A store as a crash leaves it: its files copied while it is open. Batch i puts key i. */
async function crashed(batches: number, valueBytes: number): Promise<{ path: string; log: string }> {
  const kv = await openLevelKv(join(directory, "original"));
  for (let i = 0; i < batches; i++) await kv.write([put(i, valueBytes)], { sync: true });
  const path = join(directory, "crashed");
  cpSync(join(directory, "original"), path, { recursive: true });
  await kv.close();
  const log = readdirSync(path).find((name) => name.endsWith(".log"));
  return { path, log: join(path, log ?? "no log") };
}

function change(path: string, edit: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, edit(readFileSync(path)));
}

async function keys(kv: Kv): Promise<string[]> {
  const found: string[] = [];
  for await (const [key] of kv.entries({})) found.push(utf8Text(key));
  return found;
}

async function keysOf(path: string): Promise<string[]> {
  const kv = await openLevelKv(path);
  try {
    return await keys(kv);
  } finally {
    await kv.close();
  }
}

describe("a damaged store", () => {
  it("comes back whole after a crash", async () => {
    const { path } = await crashed(5, 10_000);
    expect(await keysOf(path)).toEqual(["key0", "key1", "key2", "key3", "key4"]);
  });

  it("loses only the torn end of its log, at whatever byte it is torn", async () => {
    const { path, log } = await crashed(5, 10_000);
    for (const cut of [1, 6, 700, 9_000, 10_020]) {
      const copy = join(directory, `cut${cut}`);
      cpSync(path, copy, { recursive: true });
      change(log.replace(path, copy), (bytes) => bytes.subarray(0, bytes.length - cut));
      expect(await keysOf(copy)).toEqual(["key0", "key1", "key2", "key3"]);
    }
  });

  it("passes a bad last record as a torn one", async () => {
    const { path, log } = await crashed(3, 100);
    change(log, (bytes) => bytes.fill(0, bytes.length - 50));
    expect(await keysOf(path)).toEqual(["key0", "key1"]);
  });

  it("is refused when records before intact ones are damaged, in payload, length or checksum", async () => {
    const { path, log } = await crashed(20, 10_000);
    const size = readFileSync(log).length;
    for (const [name, at] of [
      ["payload", 30_000],
      ["header", 69 + 0],
      ["start", 2],
      ["middle", size >> 1],
    ] as const) {
      const copy = join(directory, name);
      cpSync(path, copy, { recursive: true });
      change(log.replace(path, copy), (bytes) => {
        bytes[at] = (bytes[at] as number) ^ 0x10;
        return bytes;
      });
      const error = await openLevelKv(copy).catch((thrown: unknown) => thrown);
      expect(hasCode(error, "DISK_CORRUPT"), `${name}: ${error}`).toBe(true);
      expect(String(error)).toMatch(/\.log is damaged at byte \d+/);
    }
  });

  it("never shows a changed value of a table file", async () => {
    const path = join(directory, "table");
    const kv = await openLevelKv(path);
    // Bytes that do not compress, so that they stand in the file as they are.
    const value = new Uint8Array(500);
    for (let i = 0; i < value.length; i++) value[i] = (i * i * 31 + (i >> 3)) & 0xff;
    await kv.write([{ op: "put", key: utf8Bytes("a"), value }], { sync: true });
    await kv.close();
    // Opening again moves the log into a table file.
    await (await openLevelKv(path)).close();
    const table = readdirSync(path).find((name) => name.endsWith(".ldb"));
    change(join(path, table ?? "no table"), (bytes) => {
      const at = bytes.indexOf(Buffer.from(value.subarray(100, 120)));
      expect(at).toBeGreaterThan(0);
      bytes[at] = (bytes[at] as number) ^ 0xff;
      return bytes;
    });
    const damaged = await openLevelKv(path);
    for (const read of [() => damaged.get(utf8Bytes("a")), () => keys(damaged)]) {
      await expect(read()).rejects.toMatchObject({ code: "DISK_CORRUPT" });
    }
    await damaged.close();
  });
});

describe("a store on a disk that was full", () => {
  it("goes on once there is room, and opens again with all that it took", async () => {
    const path = join(directory, "full");
    const kv = await openLevelKv(path);
    const taken: string[] = [];
    let next = 0;
    const write = async () => {
      const i = next++;
      await kv.write([put(i, 1_000_000)], { sync: true });
      taken.push(`key${i}`);
    };
    await write();
    // The store's next logs will be files on which nothing fits.
    const last = Math.max(...readdirSync(path).map((name) => Number(/\d{6}/.exec(name)?.[0] ?? 0)));
    const full = Array.from({ length: 8 }, (_, i) => join(path, `${String(last + 1 + i).padStart(6, "0")}.log`));
    for (const name of full) symlinkSync("/dev/full", name);
    await expect(
      (async () => {
        while (next < 20) await write();
      })(),
    ).rejects.toMatchObject({ code: "DISK_FULL" });
    for (const name of full) rmSync(name, { force: true });
    for (let more = 0; more < 10; more++) await write();
    expect(await kv.get(utf8Bytes("key0"))).toBeDefined();
    await kv.close();
    expect(await keysOf(path)).toEqual(taken.toSorted());
  });
});
