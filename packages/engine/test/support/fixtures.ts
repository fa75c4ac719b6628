import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataType, MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import { afterEach, expect } from "vitest";
import type { DeviceBlock } from "../../src/api.ts";
import { block, collect, range, rowsOf } from "./blocks.ts";
import { Host, type HostOptions } from "./host.ts";

export const ALWAYS = { from: MIN_TIME, to: MAX_TIME };
export const DEVICE = "root.sg.d";
const { signal } = new AbortController();

/** Starts hosts that are gone after the test. */
export function useHosts(): (options?: HostOptions) => Promise<Host> {
  const hosts: Host[] = [];
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.destroy();
  });
  return async (options = {}) => {
    const host = await Host.start(options);
    hosts.push(host);
    return host;
  };
}

/** Makes directories that are gone after the test. */
export function useDirectories(): () => string {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(tmpdir(), "ringtide-snapshot-"));
    directories.push(directory);
    return directory;
  };
}

/** `count` rows of one series from time `from` on; value = time. */
export function rowsFrom(from: number, count: number, device = DEVICE): DeviceBlock {
  const times = range(from, count);
  return block(device, times.map(BigInt), ["s", DataType.DOUBLE, times]);
}

export function insert(host: Host, ...blocks: readonly DeviceBlock[]): void {
  expect(host.apply({ kind: "insertBlocks", blocks }).ok).toBe(true);
}

export function scan(host: Host, device = DEVICE) {
  return host.engine.scan({ device, measurements: ["s"], range: ALWAYS, descending: false, signal });
}

export async function rows(host: Host, device = DEVICE) {
  return rowsOf(await collect(scan(host, device)));
}

export function expectedRows(from: number, count: number) {
  return range(from, count).map((time) => [BigInt(time), time]);
}
