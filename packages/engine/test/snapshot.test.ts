import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataType, MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import { afterEach, describe, expect, it } from "vitest";
import type { DeviceBlock } from "../src/api.ts";
import { block, collect, range, rowsOf } from "./support/blocks.ts";
import { Host, type HostOptions, hostStateAt } from "./support/host.ts";

const ALWAYS = { from: MIN_TIME, to: MAX_TIME };
const { signal } = new AbortController();
const hosts: Host[] = [];
const directories: string[] = [];

async function start(options: HostOptions = {}): Promise<Host> {
  const host = await Host.start(options);
  hosts.push(host);
  return host;
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "ringtide-snapshot-"));
  directories.push(directory);
  return directory;
}

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.destroy();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function rowsFrom(from: number, count: number, device = "root.sg.d"): DeviceBlock {
  const times = range(from, count);
  return block(device, times.map(BigInt), ["s", DataType.DOUBLE, times]);
}

function insert(host: Host, ...blocks: readonly DeviceBlock[]): void {
  expect(host.apply({ kind: "insertBlocks", blocks }).ok).toBe(true);
}

async function rows(host: Host, device = "root.sg.d") {
  return rowsOf(
    await collect(host.engine.scan({ device, measurements: ["s"], range: ALWAYS, descending: false, signal })),
  );
}

describe("a snapshot", () => {
  it("is the state of the checkpoint, and goes on like its source", async () => {
    const source = await start();
    insert(source, rowsFrom(0, 100));
    await source.closeFile();
    insert(source, rowsFrom(50, 100), rowsFrom(0, 10, "root.sg.e"));
    source.apply({ kind: "deleteData", patterns: ["root.**"], from: 0n, to: 5n });
    await source.closeFile();
    insert(source, rowsFrom(500, 5));
    const directory = join(temporary(), "snapshot");
    const manifest = await source.engine.exportSnapshot(directory);
    expect(readdirSync(directory).sort()).toEqual(manifest.files.map(({ name }) => name).sort());
    expect(manifest.index).toBe(5);
    const target = await start();
    await target.stop();
    await target.install(directory, JSON.parse(JSON.stringify(manifest)));
    await target.open();
    expect(target.engine).toMatchObject({ checkpointIndex: 5, appliedIndex: 5, checkpointState: hostStateAt(5) });
    expect(target.engine.files()).toEqual(source.engine.files());
    expect(await rows(target)).toEqual((await rows(source)).slice(0, -5));
    target.follow(source);
    await target.restart();
    for (const host of [source, target]) await host.closeFile();
    expect(target.engine.files()).toEqual(source.engine.files());
    expect(await rows(target)).toEqual(await rows(source));
  });
});
