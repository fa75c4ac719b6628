import type { DiskFile } from "@ringtide/common";
import { equalBytes } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import { DiskStore, type Machine, type Process, SeededRandom, World } from "../src/index.ts";

const SECTOR = 512;

function sectorOf(content: Uint8Array, sector: number): Uint8Array {
  const out = new Uint8Array(SECTOR);
  out.set(content.subarray(sector * SECTOR, (sector + 1) * SECTOR));
  return out;
}

/** What a file held, from what was synced last on: any of it may be what a crash leaves, sector by sector. */
class FileModel {
  past: Uint8Array[] = [new Uint8Array(0)];

  get content(): Uint8Array {
    return this.past.at(-1) as Uint8Array;
  }

  written(bytes: Uint8Array, position: number): void {
    const grown = new Uint8Array(Math.max(this.content.length, position + bytes.length));
    grown.set(this.content);
    grown.set(bytes, position);
    this.past.push(grown);
  }

  truncated(size: number): void {
    const cut = new Uint8Array(size);
    cut.set(this.content.subarray(0, size));
    this.past.push(cut);
  }

  /** A sync that began when `past` had so many versions is done. */
  synced(versions: number): void {
    this.past = this.past.slice(versions - 1);
  }

  check(found: Uint8Array): void {
    const sizes = this.past.map((version) => version.length);
    expect(found.length).toBeGreaterThanOrEqual(Math.min(...sizes));
    expect(found.length).toBeLessThanOrEqual(Math.max(...sizes));
    for (let sector = 0; sector * SECTOR < found.length; sector++) {
      const end = Math.min(SECTOR, found.length - sector * SECTOR);
      const got = sectorOf(found, sector).subarray(0, end);
      const versions = this.past.map((version) => sectorOf(version, sector).subarray(0, end));
      // A sector that was not there before may be there without its content.
      if (sizes.some((size) => size <= sector * SECTOR)) versions.push(new Uint8Array(end));
      const isOne = versions.some((version) => equalBytes(version, got));
      expect(
        isOne || isTorn(got, sectorOf(this.content, sector), versions),
        `sector ${sector} is one that the file had`,
      ).toBe(true);
    }
  }
}

/** The last write ended inside of this sector: its bytes up to some point, and an older version behind. */
function isTorn(got: Uint8Array, last: Uint8Array, versions: readonly Uint8Array[]): boolean {
  let same = 0;
  while (same < got.length && got[same] === last[same]) same++;
  return versions.some((version) => equalBytes(version.subarray(same), got.subarray(same)));
}

/** Random operations on one file, one after the other; the model knows what each of them may leave behind. */
async function work(file: DiskFile, model: FileModel, random: SeededRandom, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const size = model.content.length;
    switch (random.below(6)) {
      case 0: {
        const versions = model.past.length;
        await file.datasync();
        model.synced(versions);
        break;
      }
      case 1: {
        const cut = random.below(size + 1);
        model.truncated(cut);
        await file.truncate(cut);
        break;
      }
      case 2:
      case 3: {
        const bytes = new Uint8Array(random.below(1500)).map(() => 1 + random.below(255));
        const position = random.below(size + 1);
        model.written(bytes, position);
        await file.write([bytes.subarray(0, 700), bytes.subarray(700)], position);
        break;
      }
      default: {
        const bytes = random.bytes(random.below(900));
        model.written(bytes, size);
        await file.write([bytes], size);
      }
    }
  }
}

describe.each(Array.from({ length: 60 }, (_, i) => i + 1))("a disk that loses power, seed %i", (seed) => {
  it("keeps what was synced, and any sectors of the rest", async () => {
    const world = new World(seed);
    const random = new SeededRandom(seed * 7919);
    const machine = world.addMachine("m");
    machine.disk.prepareDirectory("/d");
    let process = machine.start();
    const model = new FileModel();
    let file = await world.scheduler.runFor(process.disk.open("/d/f", "create"), 1e6);
    await world.scheduler.runFor(process.disk.syncDir("/d"), 1e6);
    for (let life = 0; life < 5; life++) {
      void work(file, model, random, 1000);
      await world.scheduler.run(world.nowMs + random.unit() * 40);
      const durable = machine.disk.durable("/d/f");
      machine.losePower();
      const found = machine.disk.content("/d/f");
      model.check(found);
      expect(durable.length).toBeLessThanOrEqual(Math.max(...model.past.map((version) => version.length)));
      model.past = [found];
      process = machine.start();
      file = await world.scheduler.runFor(process.disk.open("/d/f", "readWrite"), world.nowMs + 1e6);
    }
  });
});

function started(seed: number): { world: World; machine: Machine; process: Process } {
  const world = new World(seed);
  const machine = world.addMachine("m");
  machine.disk.prepareDirectory("/d");
  return { world, machine, process: machine.start() };
}

const run = <T>(world: World, work: Promise<T>) => world.scheduler.runFor(work, world.nowMs + 1e6);

describe("names after the loss of power", () => {
  it("are what syncDir made durable, and any of the later changes", async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const { world, machine, process } = started(seed);
      const { disk } = process;
      await run(
        world,
        (async () => {
          for (const name of ["kept", "old"]) await (await disk.open(`/d/${name}`, "create")).close();
          await disk.syncDir("/d");
          await disk.rename("/d/old", "/d/new");
          await (await disk.open("/d/added", "create")).close();
          await disk.link("/d/kept", "/d/linked");
        })(),
      );
      machine.losePower();
      const names = [...machine.disk.tree.directory("list", "/d").names.keys()].sort();
      expect(names).toContain("kept");
      expect(names.includes("old")).toBe(!names.includes("new"));
      outcomes.add(names.join());
    }
    expect(outcomes.size).toBe(8);
  });

  it("replaceFile leaves the old or the new content, and the new one once it has returned", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const { world, machine, process } = started(seed);
      const bytes = (fill: number) => new Uint8Array(2000).fill(fill);
      await run(world, process.disk.replaceFile("/d/f", bytes(1)));
      let returned = false;
      void process.disk.replaceFile("/d/f", bytes(2)).then(() => {
        returned = true;
      });
      await world.scheduler.run(world.nowMs + new SeededRandom(seed).unit() * 6);
      machine.losePower();
      const content = machine.disk.content("/d/f");
      expect([bytes(1), bytes(2)]).toContainEqual(content);
      if (returned) expect(content).toEqual(bytes(2));
      seen.add(`${content[0]} ${returned}`);
    }
    expect(seen).toEqual(new Set(["1 false", "2 false", "2 true"]));
  });

  it("a process that is killed loses nothing that it wrote", async () => {
    const { world, machine, process } = started(1);
    const file = await run(world, process.disk.open("/d/f", "create"));
    await run(world, file.write([new Uint8Array(3000).fill(7)], 0));
    machine.kill();
    expect(machine.disk.content("/d/f")).toEqual(new Uint8Array(3000).fill(7));
    expect(machine.disk.unsyncedBytes("/d/f")).toBe(3072);
    expect(machine.disk.durable("/d/f")).toHaveLength(0);
  });

  it("a failed datasync leaves clean in memory what the disk need not have, whatever is synced later", async () => {
    const lost = new Set<boolean>();
    for (let seed = 1; seed <= 20; seed++) {
      const { world, machine, process } = started(seed);
      const file = await run(world, process.disk.open("/d/f", "create"));
      await run(world, process.disk.syncDir("/d"));
      await run(world, file.write([new Uint8Array(512).fill(7)], 0));
      machine.disk.device.fail({ operation: "datasync" });
      await expect(run(world, file.datasync())).rejects.toMatchObject({ code: "DISK_IO" });
      await expect(run(world, file.write([new Uint8Array(1)], 0))).rejects.toMatchObject({ code: "DISK_IO" });
      const again = await run(world, process.disk.open("/d/f", "readWrite"));
      expect(machine.disk.content("/d/f")[0]).toBe(7);
      await run(world, again.datasync());
      machine.losePower();
      lost.add(machine.disk.content("/d/f")[0] !== 7);
    }
    expect(lost).toEqual(new Set([true, false]));
  });
});

describe("a disk", () => {
  it("is full at its size, with part of a write done, and has room again after an unlink", async () => {
    const { world, machine, process } = started(1);
    machine.disk.totalBytes = 10_000;
    const file = await run(world, process.disk.open("/d/f", "create"));
    const write = file.write([new Uint8Array(6000).fill(1), new Uint8Array(6000).fill(2)], 0);
    await expect(run(world, write)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await run(world, file.sizeBytes())).toBe(10_000);
    await expect(run(world, process.disk.open("/d/g", "create"))).rejects.toMatchObject({ code: "DISK_FULL" });
    await run(world, file.write([new Uint8Array(100).fill(3)], 0));
    await run(world, file.close());
    await run(world, process.disk.unlink("/d/f"));
    expect(await run(world, process.disk.space("/d"))).toEqual({ freeBytes: 10_000, totalBytes: 10_000 });
  });

  it("stalls and is slow when told to", async () => {
    const { world, machine, process } = started(1);
    machine.disk.device.stall();
    let done = false;
    void process.disk.list("/d").then(() => {
      done = true;
    });
    await world.scheduler.run(10_000);
    expect(done).toBe(false);
    machine.disk.device.release();
    await world.scheduler.run(10_001);
    expect(done).toBe(true);
    machine.disk.device.slow(1000);
    const beganMs = world.nowMs;
    await run(world, process.disk.syncDir("/d"));
    expect(world.nowMs - beganMs).toBeGreaterThan(500);
  });

  it("rots where it is told to", async () => {
    const { world, machine, process } = started(1);
    await run(world, process.disk.replaceFile("/d/f", new Uint8Array(2000).fill(255)));
    machine.disk.flipBit("/d/f", 3, 0);
    machine.disk.zeroSector("/d/f", 600);
    const content = await run(world, process.disk.readFile("/d/f"));
    expect(content[3]).toBe(254);
    expect(content.subarray(512, 1024).every((byte) => byte === 0)).toBe(true);
    expect(content[1024]).toBe(255);
  });

  it("appends to a large file at little cost", () => {
    const world = new World(1);
    const store = new DiskStore(world.scheduler, new SeededRandom(1));
    const file = store.create("open", "/log");
    const part = new Uint8Array(4096).fill(5);
    for (let at = 0; at < 32 * 1024 * 1024; at += part.length) {
      store.write(file, "/log", [part], at);
      file.beginSync()("done");
    }
    expect(file.unsyncedBytes).toBe(0);
    expect(file.size).toBe(32 * 1024 * 1024);
  });
});

describe("a key-value store that loses power", () => {
  it("keeps what was synced, and of the later batches all up to some point", async () => {
    const kept = new Set<number>();
    const key = (i: number) => Uint8Array.of(i);
    for (let seed = 1; seed <= 100; seed++) {
      const { world, machine, process } = started(seed);
      const kv = await run(world, process.openKv("/d/kv"));
      await run(world, process.disk.syncDir("/d"));
      for (let i = 0; i < 5; i++)
        await run(world, kv.write([{ op: "put", key: key(i), value: key(i) }], { sync: i === 1 }));
      void kv.write([{ op: "put", key: key(5), value: key(5) }], { sync: false });
      void kv.write([{ op: "delete", key: key(0) }], { sync: true });
      machine.losePower();
      const entries = machine.disk
        .kvIn("/d/kv")
        .entries()
        .map(([text]) => text.charCodeAt(0));
      const count = entries.length;
      if (entries.includes(0)) expect(entries).toEqual(Array.from({ length: count }, (_, i) => i));
      else expect(entries).toEqual([1, 2, 3, 4, 5]);
      expect(count).toBeGreaterThanOrEqual(2);
      kept.add(count);
      const next = machine.start();
      await run(world, next.openKv("/d/kv"));
    }
    expect(kept).toEqual(new Set([2, 3, 4, 5, 6]));
  });

  it("keeps to its lock until the process has ended", async () => {
    const { world, machine, process } = started(1);
    await run(world, process.openKv("/d/kv"));
    await expect(run(world, process.openKv("/d/kv"))).rejects.toMatchObject({ code: "DATA_DIR_IN_USE" });
    machine.kill();
    await run(world, machine.start().openKv("/d/kv"));
  });

  it("reports damage", async () => {
    const { world, machine, process } = started(1);
    const kv = await run(world, process.openKv("/d/kv"));
    const [key, value] = [Uint8Array.of(1), Uint8Array.of(2)];
    await run(world, kv.write([{ op: "put", key, value }], { sync: true }));
    machine.disk.kvIn("/d/kv").damage(key);
    await expect(run(world, kv.get(key))).rejects.toMatchObject({ code: "DISK_CORRUPT" });
  });
});
