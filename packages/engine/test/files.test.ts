import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RingtideError, utf8Bytes } from "@ringtide/common";
import { openLevelKv } from "@ringtide/common/node";
import { DataType } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import { block, collect, range, rowsOf } from "./support/blocks.ts";
import { CrashingPorts, OPENING_CHANGES } from "./support/crashing-ports.ts";
import { ALWAYS, DEVICE, expectedRows, insert, rows, rowsFrom, scan, useHosts } from "./support/fixtures.ts";
import { type Host, hostStateAt } from "./support/host.ts";

const { signal } = new AbortController();
const start = useHosts();

describe("closing a file", () => {
  it("moves the checkpoint, frees memory and tells, also when there is nothing to write", async () => {
    const host = await start();
    const told: number[] = [];
    host.engine.onCheckpoint((index) => told.push(index));
    await host.closeFile();
    expect(host.engine).toMatchObject({ checkpointIndex: 1, memtableBytes: 0, oldestUnflushedIndex: 0 });
    expect(host.engine.files()).toEqual([]);
    insert(host, rowsFrom(0, 100));
    insert(host, rowsFrom(50, 100));
    expect(host.engine.oldestUnflushedIndex).toBe(2);
    expect(host.engine.memtableBytes).toBeGreaterThan(200);
    host.append("close");
    insert(host, rowsFrom(200, 10));
    expect(host.engine.oldestUnflushedIndex).toBe(2);
    await host.engine.settled();
    expect(host.engine).toMatchObject({ checkpointIndex: 4, oldestUnflushedIndex: 5 });
    expect(host.engine.files()).toMatchObject([{ points: 150 }]);
    expect(told).toEqual([1, 4]);
    expect(await rows(host)).toEqual([...expectedRows(0, 150), ...expectedRows(200, 10)]);
  });

  it("takes blocks that overlap nothing as they are, and joins small neighbours", async () => {
    const host = await start({ blockRows: 1000 });
    const noise = range(0, 500).map((i) => Math.sin(i));
    const noisy = block(DEVICE, range(0, 500).map(BigInt), ["s", DataType.DOUBLE, noise]);
    const blocks = [noisy, rowsFrom(500, 500), ...range(0, 50).map((i) => rowsFrom(1000 + i * 10, 10))];
    for (const one of blocks) insert(host, one);
    await host.closeFile();
    const file = readFileSync(join(host.filesDirectory, host.engine.files()[0]?.name ?? ""));
    expect(file.includes(Buffer.from(noisy.block.subarray(-1000)))).toBe(true);
    const pieces = await collect(
      host.engine.pieces({ device: DEVICE, measurement: "s", range: ALWAYS, useStatistics: () => true, signal }),
    );
    expect(pieces.map((piece) => (piece.kind === "statistics" ? piece.statistics.count : 0))).toEqual([500, 500, 500]);
    expect((await rows(host)).slice(500)).toEqual(expectedRows(500, 1000));
  });

  it("keeps what the host gives with the checkpoint; a store from before that has nothing of it", async () => {
    const host = await start();
    expect(host.engine.checkpointState).toEqual(new Uint8Array(0));
    insert(host, rowsFrom(0, 10));
    await host.closeFile();
    expect(host.engine.checkpointState).toEqual(hostStateAt(2));
    await host.restart();
    expect(host.engine.checkpointState).toEqual(hostStateAt(2));
    await host.stop();
    const kv = await openLevelKv(join(host.directory, "kv"));
    await kv.write([{ op: "delete", key: Buffer.concat([utf8Bytes("group/16/"), Uint8Array.of(6)]) }], { sync: true });
    await kv.close();
    await host.open();
    expect(host.engine).toMatchObject({ checkpointIndex: 2, checkpointState: new Uint8Array(0) });
    expect(await rows(host)).toEqual(expectedRows(0, 10));
    expect(() => host.engine.closeFile(3, new Uint8Array(70_000))).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });

  it("runs several one after the other", async () => {
    const host = await start();
    for (let i = 0; i < 4; i++) {
      insert(host, rowsFrom(i * 50, 100));
      host.append("close");
    }
    await host.engine.settled();
    expect(host.engine.files().length).toBe(4);
    expect(await rows(host)).toEqual(expectedRows(0, 250));
  });
});

describe("reads", () => {
  it("see the state of their call, whatever is applied and closed while they run", async () => {
    const host = await start({ maxBatchRows: 10 });
    insert(host, rowsFrom(0, 30));
    await host.closeFile();
    insert(host, rowsFrom(30, 30));
    const before = [scan(host), scan(host)] as const;
    await before[1].next();
    host.apply({ kind: "deleteData", patterns: ["root.**"], ...ALWAYS });
    insert(host, rowsFrom(60, 30));
    await host.closeFile();
    expect(rowsOf(await collect(before[0]))).toEqual(expectedRows(0, 60));
    expect(rowsOf(await collect(before[1]))).toEqual(expectedRows(10, 50));
    expect(await rows(host)).toEqual(expectedRows(60, 30));
  });

  it("give statistics only for spans that no other version, deletion or edge of the range touches", async () => {
    const host = await start();
    for (const from of [0, 1000, 2000, 3000]) insert(host, rowsFrom(from, 1000));
    await host.closeFile();
    insert(host, rowsFrom(1500, 1));
    host.apply({ kind: "deleteData", patterns: ["root.**"], from: 2100n, to: 2200n });
    const asked: bigint[] = [];
    const useStatistics = (first: bigint) => asked.push(first) > 0;
    const request = { device: DEVICE, measurement: "s", range: { from: 0n, to: 3998n }, useStatistics, signal };
    const pieces = await collect(host.engine.pieces(request));
    expect(asked).toEqual([0n]);
    expect(pieces.map(({ kind }) => kind)).toEqual(["statistics", "points"]);
    expect(pieces.map((piece) => (piece.kind === "points" ? piece.batch.rows : piece.statistics.count))).toEqual([
      1000, 2898,
    ]);
  });

  it("name what they cannot find, and stop when they are told to", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    expect(() => scan(host, "root.sg.none")).toThrow(expect.objectContaining({ code: "PATH_NOT_FOUND" }));
    await expect(host.engine.last(DEVICE, "none")).rejects.toMatchObject({ code: "PATH_NOT_FOUND" });
    const reason = new Error("enough");
    const stopped = { device: DEVICE, measurements: ["s"], range: ALWAYS, descending: true };
    await expect(collect(host.engine.scan({ ...stopped, signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it("are refused after the end of the engine", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    await host.closeFile();
    const late = scan(host);
    await host.stop();
    await expect(collect(late)).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });
});

describe("a crash", () => {
  it("at any moment of a close loses nothing, and the file comes out the same", async () => {
    const whole = await start();
    const load = (host: Host) => {
      for (let i = 0; i < 5; i++) insert(host, rowsFrom(i * 60, 100), rowsFrom(0, 10, `root.sg.e${i}`));
      host.apply({ kind: "deleteData", patterns: [DEVICE], from: 10n, to: 19n });
    };
    load(whole);
    await whole.closeFile();
    const files = whole.engine.files();
    expect(files.length).toBe(1);
    const kept = await rows(whole);
    let outcomes = "";
    for (let changes = 0; changes < 20; changes++) {
      const failures: RingtideError[] = [];
      const ports = new CrashingPorts(OPENING_CHANGES + changes, { losesNames: changes % 2 === 1 });
      const host = await start({ onFailure: (error) => failures.push(error) });
      await host.stop();
      await host.open(ports);
      load(host);
      host.append("close");
      const failed = await host.engine.settled().then(
        () => false,
        () => true,
      );
      outcomes += failed ? "x" : ".";
      expect(failures.map(({ code }) => code)).toEqual(failed ? ["DISK_IO"] : []);
      expect(await rows(host)).toEqual(kept);
      await host.stop();
      ports.crash();
      await host.open();
      await host.engine.settled();
      expect(readdirSync(host.filesDirectory)).toEqual(files.map(({ name }) => name));
      expect(host.engine.files()).toEqual(files);
      expect(await rows(host)).toEqual(kept);
    }
    expect(outcomes).toMatch(/^x{3,}\.+$/);
  });

  it("leaves no file that the manifest does not have", async () => {
    const host = await start();
    insert(host, rowsFrom(0, 10));
    await host.closeFile();
    const names = readdirSync(host.filesDirectory);
    await host.stop();
    for (const name of ["16-0000000000000099.tsfile", "16-0000000000000100.tsfile.tmp"])
      writeFileSync(join(host.filesDirectory, name), "leftover");
    await host.open();
    expect(readdirSync(host.filesDirectory)).toEqual(names);
  });
});
