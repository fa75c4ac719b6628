import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { hasCode } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import type { FileIdentity } from "../src/api.ts";
import { range, rowsOf } from "./support/blocks.ts";
import { HastyClock } from "./support/clocks.ts";
import { CrashingPorts, OPENING_CHANGES } from "./support/crashing-ports.ts";
import { flipByte, regionsOf } from "./support/damage.ts";
import { ALWAYS, expectedRows, insert, rows, rowsFrom, scan, useDirectories, useHosts } from "./support/fixtures.ts";
import type { Host, HostOptions } from "./support/host.ts";
import { SeededRandom } from "./support/random.ts";

const start = useHosts();
const directory = useDirectories();
const { signal } = new AbortController();
const seed = Number(process.env["ENGINE_SEED"] ?? 1);
const DEVICES = ["root.sg.d", "root.sg.e"];
const CORRUPT = expect.objectContaining({ code: "DISK_CORRUPT" });

/** Three files, of both devices each; rows 0 to 299 of the one, 0 to 89 of the other. */
async function filled(options: HostOptions = {}): Promise<Host> {
  const host = await start({ blockRows: 40, ...options });
  for (let i = 0; i < 3; i++) {
    insert(host, rowsFrom(i * 100, 100), rowsFrom(i * 30, 30, "root.sg.e"));
    await host.closeFile();
  }
  return host;
}

function pathOf(host: Host, file: number): string {
  return join(host.filesDirectory, host.engine.files()[file]?.name ?? "");
}

/** A copy of a file from before its damage. */
function keptCopy(host: Host, file: number): string {
  const path = pathOf(host, file);
  const copy = join(directory(), basename(path));
  copyFileSync(path, copy);
  return copy;
}

function noteDamage(host: Host): FileIdentity[] {
  const noted: FileIdentity[] = [];
  host.engine.onDamage((file) => noted.push(file));
  return noted;
}

/** Reads everything in every way: each answer is right, or DISK_CORRUPT with the file's name. Returns how many reads failed. */
async function readAll(host: Host, name: string): Promise<number> {
  let failures = 0;
  const right = async (read: () => Promise<unknown>, expected: unknown) => {
    try {
      expect(await read()).toEqual(expected);
    } catch (error) {
      if (!hasCode(error, "DISK_CORRUPT")) throw error;
      expect(error.details).toMatchObject({ file: name });
      failures++;
    }
  };
  for (const [device, count] of [
    ["root.sg.d", 300],
    ["root.sg.e", 90],
  ] as const) {
    await right(async () => rows(host, device), expectedRows(0, count));
    await right(async () => host.engine.last(device, "s"), { time: BigInt(count - 1), value: count - 1 });
    for (const useStatistics of [undefined, () => true]) {
      const request = { device, measurement: "s", range: ALWAYS, signal, ...(useStatistics && { useStatistics }) };
      await right(async () => {
        let points = 0;
        for await (const piece of host.engine.pieces(request))
          points += piece.kind === "points" ? piece.batch.rows : piece.statistics.count;
        return points;
      }, count);
    }
  }
  return failures;
}

describe.each(["header", "blocks", "index", "trailer"] as const)("a byte changed in the %s of a file", (region) => {
  it(`is never in an answer, is told once, and is repaired by a good copy; seed ${seed}`, async () => {
    const host = await filled();
    const random = new SeededRandom(seed);
    const path = pathOf(host, 1);
    const identity = { ...host.engine.files()[1] };
    delete identity.points;
    const copy = keptCopy(host, 1);
    const [from, to] = regionsOf(path)[region];
    for (let round = 0; round < 5; round++) {
      const isOpen = round % 2 === 1;
      if (!isOpen) await host.stop();
      flipByte(path, from + random.below(to - from));
      if (!isOpen) await host.open();
      const noted = noteDamage(host);
      // What the opening has read is in memory; of the rest each byte is found by the read that meets it.
      const failures = await readAll(host, basename(path));
      if (region === "blocks") expect(failures).toBeGreaterThan(0);
      else expect(failures).toBe(isOpen ? 0 : 8);
      await host.engine.verify(signal);
      expect(host.engine.damagedFiles()).toEqual([identity]);
      expect(noted).toEqual(isOpen || region === "blocks" ? [identity] : []);
      expect(await readAll(host, basename(path))).toBe(8);
      // A copy of the copy: what is put in place is the same file on the disk, and decays with it.
      const good = join(directory(), "good");
      copyFileSync(copy, good);
      await host.engine.replaceFile(basename(path), good);
      expect(host.engine.damagedFiles()).toEqual([]);
      expect(await readAll(host, basename(path))).toBe(0);
      await host.engine.verify(signal);
      expect(host.engine.damagedFiles()).toEqual([]);
    }
    await host.restart();
    expect(await readAll(host, "")).toBe(0);
    expect(readdirSync(host.filesDirectory).length).toBe(3);
  });
});

describe("a file of the manifest", () => {
  it.each<[string, (path: string) => void]>([
    ["missing", (path) => rmSync(path)],
    ["cut", (path) => truncateSync(path, 100)],
    ["empty", (path) => truncateSync(path, 0)],
    ["another one", (path) => copyFileSync(path.replace(/\d(?=\.tsfile$)/, "2"), path)],
  ])("that is %s when the engine opens stops reads, not writes and closes", async (_name, damage) => {
    const host = await filled();
    const path = pathOf(host, 1);
    const copy = keptCopy(host, 1);
    await host.stop();
    damage(path);
    await host.open();
    expect(host.engine.damagedFiles().map(({ name }) => name)).toEqual([basename(path)]);
    expect(await readAll(host, basename(path))).toBe(8);
    insert(host, rowsFrom(1000, 10), rowsFrom(0, 10, "root.sg.new"));
    await host.closeFile();
    expect(host.engine.files().length).toBe(4);
    await expect(rows(host, "root.sg.new")).rejects.toEqual(CORRUPT);
    await expect(host.engine.exportSnapshot(directory())).rejects.toMatchObject({
      code: "DISK_CORRUPT",
      details: { file: basename(path) },
    });
    await host.engine.replaceFile(basename(path), copy);
    expect(await rows(host)).toEqual([...expectedRows(0, 300), ...expectedRows(1000, 10)]);
    expect(await rows(host, "root.sg.new")).toEqual(expectedRows(0, 10));
    expect((await host.engine.exportSnapshot(directory())).files.length).toBe(5);
  });

  it("that goes missing while it is open is found by an export and by verify", async () => {
    for (const find of [
      async (host: Host) => expect(host.engine.exportSnapshot(directory())).rejects.toEqual(CORRUPT),
      async (host: Host) => host.engine.verify(signal),
    ]) {
      const host = await filled();
      const noted = noteDamage(host);
      const path = pathOf(host, 0);
      renameSync(path, join(directory(), "away"));
      await find(host);
      expect(noted.map(({ name }) => name)).toEqual([basename(path)]);
    }
  });

  it("that cannot be read keeps the deletions that it may need", async () => {
    const host = await filled();
    const [path, copy] = [pathOf(host, 0), keptCopy(host, 0)];
    host.apply({ kind: "deleteData", patterns: ["root.sg.d"], from: 10n, to: 19n });
    await host.stop();
    truncateSync(path, 10);
    await host.open();
    for (let i = 0; i < 2; i++) await host.closeFile();
    await host.engine.replaceFile(basename(path), copy);
    const left = [...expectedRows(0, 10), ...expectedRows(20, 280)];
    expect(await rows(host)).toEqual(left);
    await host.closeFile();
    await host.restart();
    expect(await rows(host)).toEqual(left);
  });
});

describe("replacing a file", () => {
  it("takes nothing but a copy that is exactly the file of the manifest", async () => {
    const host = await filled();
    const path = pathOf(host, 1);
    const names = readdirSync(host.filesDirectory);
    const copy = keptCopy(host, 1);
    flipByte(copy, 50);
    for (const wrong of [copy, pathOf(host, 0), join(directory(), "none")])
      await expect(host.engine.replaceFile(basename(path), wrong)).rejects.toEqual(CORRUPT);
    await expect(host.engine.replaceFile("none", copy)).rejects.toMatchObject({ code: "DISK_NOT_FOUND" });
    expect(host.engine.damagedFiles()).toEqual([]);
    expect(readdirSync(host.filesDirectory)).toEqual(names);
    await host.engine.replaceFile(basename(path), path);
    expect(readdirSync(host.filesDirectory)).toEqual(names);
    expect(await readAll(host, "")).toBe(0);
  });

  it("lets reads that are under way end, right or with DISK_CORRUPT", async () => {
    const host = await filled({ maxBatchRows: 10 });
    const copies = range(0, 3).map((file) => keptCopy(host, file));
    const running = range(0, 4).map(() => scan(host));
    const begun = await Promise.all(running.map(async (one, i) => rowsOf(i < 2 ? [(await one.next()).value] : [])));
    const ends = running.map(async (one, i) => {
      const got = begun[i] ?? [];
      for await (const batch of one) got.push(...rowsOf([batch]));
      return got;
    });
    for (const copy of copies) await host.engine.replaceFile(basename(copy), copy);
    for (const end of await Promise.allSettled(ends)) {
      if (end.status === "fulfilled") expect(end.value).toEqual(expectedRows(0, 300));
      else expect(end.reason).toEqual(CORRUPT);
    }
    expect(host.engine.damagedFiles()).toEqual([]);
    expect(await readAll(host, "")).toBe(0);
  });

  it.each([false, true])("survives a crash at any call (unsynced names are lost: %s)", async (losesNames) => {
    const host = await filled();
    const copy = keptCopy(host, 1);
    let outcomes = "";
    for (let changes = 0; !outcomes.endsWith("."); changes++) {
      await host.stop();
      const ports = new CrashingPorts(OPENING_CHANGES + changes, { losesNames });
      rmSync(join(host.filesDirectory, basename(copy)), { force: true });
      await host.open(ports);
      const isReplaced = await host.engine.replaceFile(basename(copy), copy).then(
        () => true,
        () => false,
      );
      outcomes += isReplaced ? "." : "x";
      await host.stop();
      ports.crash();
      await host.open();
      const isDamaged = host.engine.damagedFiles().length > 0;
      expect(await readAll(host, basename(copy))).toBe(isDamaged ? 8 : 0);
      if (isReplaced) expect(isDamaged).toBe(false);
    }
    expect(outcomes).toMatch(/^x{4,}\.$/);
  });
});

describe("verifying", () => {
  it("keeps the rate that is asked for, and ends when it is told to", async () => {
    const clock = new HastyClock();
    const host = await start({ clock });
    const noise = range(0, 60_000).map((i) => Math.sin(i));
    for (let at = 0; at < noise.length; at += 1000) insert(host, rowsFrom(at, 1000));
    await host.closeFile();
    const bytes = host.engine.files().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const before = clock.monotonicMs();
    await host.engine.verify(signal, { bytesPerSecond: bytes / 20 });
    expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(20_000 - 1);
    const reason = new Error("enough");
    await expect(host.engine.verify(AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    clock.onWait = () => abort.abort(reason);
    await expect(host.engine.verify(abort.signal, { bytesPerSecond: 1 })).rejects.toBe(reason);
    const { engine } = host;
    const slow = engine.verify(signal, { bytesPerSecond: 1 });
    const refused = expect(slow).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    clock.onWait = () => undefined;
    await host.stop();
    await refused;
  });
});

it("covers the whole of a data file with the regions that are damaged", async () => {
  const host = await filled();
  const { header, blocks, index, trailer } = regionsOf(pathOf(host, 0));
  expect([header[0], header[1], blocks[1], index[1], trailer[1]]).toEqual([
    0,
    blocks[0],
    index[0],
    trailer[0],
    readFileSync(pathOf(host, 0)).length,
  ]);
  expect(DEVICES.map((device) => host.engine.schema.ofDevice(device).length)).toEqual([1, 1]);
});
