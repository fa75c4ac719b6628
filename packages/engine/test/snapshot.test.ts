import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kv, RequestId } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { DataType } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import { decodeCommand, encodeCommand } from "../src/commands.ts";
import { range } from "./support/blocks.ts";
import { compareDevice } from "./support/compare.ts";
import { CrashingPorts, OPENING_CHANGES } from "./support/crashing-ports.ts";
import { expectedRows, insert, rows, rowsFrom, useDirectories, useHosts } from "./support/fixtures.ts";
import { type Host, hostStateAt } from "./support/host.ts";
import { Model } from "./support/model.ts";
import { overriding } from "./support/overriding.ts";
import { SeededRandom } from "./support/random.ts";
import { randomCommand } from "./support/workload.ts";

const start = useHosts();
const directory = useDirectories();
/** Fixed seeds; ENGINE_SEED gives another one. */
const seeds = process.env["ENGINE_SEED"] === undefined ? [1, 2, 3] : [Number(process.env["ENGINE_SEED"])];

/** A snapshot of a host, in a directory of its own. */
async function snapshotOf(host: Host) {
  const at = directory();
  return { at, manifest: await host.engine.exportSnapshot(at) };
}

describe("a snapshot", () => {
  it("holds the state of the last checkpoint as links and one more file, and no later entry", async () => {
    const source = await start();
    insert(source, rowsFrom(0, 100));
    await source.closeFile();
    insert(source, rowsFrom(50, 100));
    source.apply({ kind: "deleteData", patterns: ["root.**"], from: 0n, to: 5n });
    await source.closeFile();
    insert(source, rowsFrom(500, 5));
    const { at, manifest } = await snapshotOf(source);
    expect(readdirSync(at).sort()).toEqual(manifest.files.map(({ name }) => name).sort());
    expect(manifest).toMatchObject({ format: 1, group: 16, index: 5 });
    expect(manifest.groupState).toBe(Buffer.from(hostStateAt(5)).toString("hex"));
    const files = source.engine.files();
    await source.closeFile();
    for (const { name } of files) rmSync(join(source.filesDirectory, name));
    const target = await start();
    await target.stop();
    await target.install(at, JSON.parse(JSON.stringify(manifest)));
    await target.open();
    expect(target.engine).toMatchObject({ checkpointIndex: 5, appliedIndex: 5, checkpointState: hostStateAt(5) });
    expect(target.engine.files()).toEqual(files);
    expect(await rows(target)).toEqual(expectedRows(6, 144));
  });

  it("is of one checkpoint, also when files are closed while its links are made and its records read", async () => {
    const real = createDisk();
    let source: Host | undefined;
    const close = async () => {
      if (source === undefined) return;
      insert(source, rowsFrom(source.log.length * 10, 10));
      const files = source.engine.files().length + 1;
      source.append("close");
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      // Gives the close the time that it would need, were nothing in its way.
      for (let turns = 0; turns < 2000 && source.engine.files().length < files; turns++) await turn();
    };
    const link = async (existing: string, added: string) => {
      await close();
      await real.link(existing, added);
    };
    const disk = overriding(real, { link });
    const wrapKv = (kv: Kv) => overriding(kv, { entries: (asked) => pausing(kv.entries(asked), close) });
    const host = await start({ disk, wrapKv });
    for (let i = 0; i < 2; i++) {
      insert(host, rowsFrom(i * 10, 10));
      await host.closeFile();
    }
    source = host;
    const { at, manifest } = await snapshotOf(host);
    source = undefined;
    await host.engine.settled();
    expect(host.engine.files().length).toBeGreaterThan(6);
    expect(manifest).toMatchObject({ index: 4, groupState: Buffer.from(hostStateAt(4)).toString("hex") });
    const target = await start();
    await target.stop();
    await target.install(at, manifest);
    await target.open();
    expect(target.engine.files()).toEqual(host.engine.files().slice(0, 2));
    expect(await rows(target)).toEqual(expectedRows(0, 20));
  });

  it("needs a checkpoint", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    const at = directory();
    await expect(host.engine.exportSnapshot(at)).rejects.toMatchObject({ code: "NO_CHECKPOINT" });
    expect(readdirSync(at)).toEqual([]);
    await host.closeFile();
    expect((await host.engine.exportSnapshot(at)).index).toBe(2);
  });

  it("leaves what is in its directory alone", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    await host.closeFile();
    for (const name of ["state", host.engine.files()[0]?.name ?? ""]) {
      const at = directory();
      writeFileSync(join(at, name), "mine");
      await expect(host.engine.exportSnapshot(at)).rejects.toMatchObject({ code: "DISK_EXISTS" });
      expect(readdirSync(at)).toEqual([name]);
    }
  });

  it("leaves nothing when the disk fails at any call, as far as the disk lets it", async () => {
    const host = await start();
    for (let i = 0; i < 3; i++) {
      insert(host, rowsFrom(i * 10, 10));
      await host.closeFile();
    }
    await host.stop();
    let outcomes = "";
    for (let changes = 0; changes < 14; changes++) {
      // One call fails, and those that clean up succeed.
      const ports = new CrashingPorts(OPENING_CHANGES + changes, { calls: 1 });
      await host.open(ports);
      const at = directory();
      const failed = await host.engine.exportSnapshot(at).then(
        () => false,
        () => true,
      );
      outcomes += failed ? "x" : ".";
      expect(readdirSync(at).length).toBe(failed ? 0 : 4);
      await host.stop();
      ports.crash();
    }
    expect(outcomes).toMatch(/^x{6,}\.+$/);
  });

  it.each([false, true])(
    "that a crash cuts off leaves its source alone (unsynced names are lost: %s)",
    async (losesNames) => {
      const host = await start();
      for (let i = 0; i < 2; i++) {
        insert(host, rowsFrom(i * 10, 10));
        await host.closeFile();
      }
      const files = host.engine.files();
      let outcomes = "";
      for (let changes = 0; !outcomes.endsWith("."); changes++) {
        await host.stop();
        const ports = new CrashingPorts(OPENING_CHANGES + changes, { losesNames });
        await host.open(ports);
        const isMade = await host.engine.exportSnapshot(join(directory(), "snapshot")).then(
          () => true,
          () => false,
        );
        outcomes += isMade ? "." : "x";
        await host.stop();
        ports.crash();
        await host.open();
        await host.engine.verify(new AbortController().signal);
        expect(host.engine.damagedFiles()).toEqual([]);
        expect(host.engine.files()).toEqual(files);
        expect(await rows(host)).toEqual(expectedRows(0, 20));
      }
      expect(outcomes).toMatch(/^x{6,}\.$/);
    },
  );

  it("holds records of several parts: many series, many requests, many devices", async () => {
    const source = await start();
    const series = (device: string, count: number) =>
      range(0, count).map((i) => ({
        path: `${device}.s${i}`,
        type: DataType.DOUBLE,
        encoding: "PLAIN",
        compression: "",
      }));
    source.apply({ kind: "createSeries", series: series("root.sg.wide", 20_000) });
    for (const i of range(0, 2000)) source.apply({ kind: "createSeries", series: series(`root.sg.d${i}`, 2) });
    for (const session of range(1, 50))
      for (const sequence of range(1, 700))
        source.apply(
          { kind: "deleteData", patterns: ["root.none"], from: 0n, to: 1n },
          { session, sequence, acknowledged: 0, retry: false },
        );
    await source.closeFile();
    const { at, manifest } = await snapshotOf(source);
    expect(manifest.files[0]?.sizeBytes).toBeGreaterThan(1_500_000);
    const target = await start();
    await target.stop();
    await target.install(at, manifest);
    await target.open();
    expect(target.engine.schema.seriesCount).toBe(24_000);
    for (const device of ["root.sg.wide", "root.sg.d77"])
      expect(target.engine.schema.ofDevice(device)).toEqual(source.engine.schema.ofDevice(device));
  });

  it("ends early with the engine", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    await host.closeFile();
    const at = directory();
    const exported = host.engine.exportSnapshot(at).then(
      () => "made",
      (error: { code: string }) => error.code,
    );
    const { engine } = host;
    await host.stop();
    expect(["made", "SHUTTING_DOWN"]).toContain(await exported);
    await expect(engine.exportSnapshot(directory())).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });
});

/** The same entries, with `step` after each. */
async function* pausing<T>(entries: AsyncIterable<T>, step: () => Promise<void>): AsyncGenerator<T> {
  for await (const entry of entries) {
    yield entry;
    await step();
  }
}

/** The state that a log's first entries make. */
function replayed(host: Host, index: number): Model {
  const model = new Model();
  host.log.slice(0, index).forEach((entry, at) => {
    if (entry instanceof Uint8Array && host.outcomes[at]?.ok === true) model.apply(decodeCommand(entry).command);
  });
  return model;
}

describe.each(seeds)("snapshots under random commands, seed %i", (seed) => {
  it("taken while entries are applied and files closed are exact, and their replicas go on the same", async () => {
    const random = new SeededRandom(seed);
    const options = { blockRows: 32, maxBatchRows: 24 };
    const source = await start(options);
    const model = new Model();
    const exports: ReturnType<typeof snapshotOf>[] = [];
    let sequence = 0;
    for (let step = 0; step < 180; step++) {
      const command = randomCommand(random, model);
      const request: RequestId = { session: 1 + random.below(3), sequence: ++sequence, acknowledged: 0, retry: false };
      if (source.apply(command, random.chance(50) ? request : undefined).ok) model.apply(command);
      if (random.chance(9)) source.append("close");
      if (random.chance(4)) await source.engine.settled();
      if (random.chance(30)) await new Promise((resolve) => setImmediate(resolve));
      if (source.engine.checkpointIndex > 0 && exports.length < 6 && random.chance(7)) {
        const exported = snapshotOf(source);
        exported.catch(() => undefined);
        exports.push(exported);
      }
    }
    await source.closeFile();
    expect(exports.length).toBeGreaterThan(3);
    const target = await start(options);
    for (const exported of exports) {
      const { at, manifest } = await exported;
      await target.stop();
      target.log.splice(0);
      await target.install(at, manifest);
      await target.open();
      expect(target.engine).toMatchObject({
        appliedIndex: manifest.index,
        checkpointState: hostStateAt(manifest.index),
      });
      const then = replayed(source, manifest.index);
      expect(target.engine.schema.deviceCount).toBe(then.devices().length);
      for (const device of then.devices()) await compareDevice(target.engine, then, device, random);
      target.follow(source);
      await target.restart();
      await target.engine.settled();
      expect(target.engine.files()).toEqual(source.engine.files());
    }
    for (const device of model.devices()) await compareDevice(target.engine, model, device, random);
    source.log.slice().forEach((entry, at) => {
      if (!(entry instanceof Uint8Array)) return;
      const { request, command } = decodeCommand(entry);
      if (request === undefined) return;
      const repeat = encodeCommand({ ...request, retry: true }, command);
      for (const host of [source, target]) expect(host.append(repeat)).toEqual(source.outcomes[at]);
    });
  });
});
