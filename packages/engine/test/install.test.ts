import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import type { SnapshotManifest } from "../src/api.ts";
import { checkManifest } from "../src/manifest.ts";
import { CrashingPorts } from "./support/crashing-ports.ts";
import { expectedRows, insert, rows, rowsFrom, useDirectories, useHosts } from "./support/fixtures.ts";
import { type Host, hostStateAt } from "./support/host.ts";
import { SeededRandom } from "./support/random.ts";

const start = useHosts();
const directory = useDirectories();

interface Snapshot {
  readonly at: string;
  readonly manifest: SnapshotManifest;
}

async function snapshotOf(host: Host): Promise<Snapshot> {
  const at = directory();
  return { at, manifest: await host.engine.exportSnapshot(at) };
}

/** Closes `files` files of ten rows each; those from number `ownFrom` on are the replica's own. */
async function fill(host: Host, files: number, ownFrom = files): Promise<void> {
  for (let i = 0; i < files; i++) {
    insert(host, rowsFrom(i * 10 + (i < ownFrom ? 0 : 1000), 10));
    await host.closeFile();
  }
}

async function replica(files: number, ownFrom?: number): Promise<Host> {
  const host = await start();
  await fill(host, files, ownFrom);
  return host;
}

/** The state as far as it can be seen. */
async function seen(host: Host) {
  const { checkpointIndex, checkpointState } = host.engine;
  return {
    checkpointIndex,
    checkpointState,
    files: host.engine.files(),
    damaged: host.engine.damagedFiles(),
    names: readdirSync(host.filesDirectory).sort(),
    rows: await rows(host),
  };
}

describe("installing a snapshot", () => {
  it.each([
    ["an empty replica", 0, undefined],
    ["an older one", 2, undefined],
    ["a newer one", 5, undefined],
    ["one whose files have other content", 5, 1],
  ])("over %s gives exactly the source's state", async (_name, files, ownFrom) => {
    const source = await replica(3);
    const { at, manifest } = await snapshotOf(source);
    const target = await replica(files, ownFrom);
    await target.stop();
    await target.install(at, manifest);
    target.log.splice(0);
    await target.open();
    expect(await seen(target)).toEqual(await seen(source));
    expect(target.engine).toMatchObject({ checkpointIndex: 6, checkpointState: hostStateAt(6) });
    expect(await rows(target)).toEqual(expectedRows(0, 30));
    await target.engine.verify(new AbortController().signal);
    expect(target.engine.damagedFiles()).toEqual([]);
  });

  it("does not need the files that are present already, and tells which these are", async () => {
    const source = await replica(4);
    const { at, manifest } = await snapshotOf(source);
    const target = await replica(3, 2);
    const [first, second] = manifest.files.map(({ name }) => name);
    const bytes = readFileSync(join(target.filesDirectory, second ?? ""));
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    rmSync(join(target.filesDirectory, second ?? ""));
    writeFileSync(join(target.filesDirectory, second ?? ""), bytes);
    expect((await target.presentFiles(manifest)).map(({ name }) => name)).toEqual([first]);
    await target.stop();
    expect((await target.presentFiles(manifest)).map(({ name }) => name)).toEqual([first]);
    rmSync(join(at, first ?? ""));
    await target.install(at, manifest);
    target.log.splice(0);
    await target.open();
    expect(await rows(target)).toEqual(expectedRows(0, 40));
  });

  it("takes links of files that are in place for what they are", async () => {
    const source = await replica(2);
    const { at, manifest } = await snapshotOf(source);
    await source.stop();
    for (const { name } of manifest.files) {
      if (name === "state") continue;
      rmSync(join(at, name));
      linkSync(join(source.filesDirectory, name), join(at, name));
    }
    await source.install(at, manifest);
    await source.open();
    expect(await rows(source)).toEqual(expectedRows(0, 20));
  });

  it("changes nothing when a file is missing, cut, damaged or of another snapshot", async () => {
    const source = await replica(3);
    const target = await replica(2, 1);
    const before = await seen(target);
    const damages: [string, (path: string) => void][] = [
      ["missing", (path) => rmSync(path)],
      ["cut", (path) => writeFileSync(path, readFileSync(path).subarray(1))],
      [
        "damaged",
        (path) => {
          const bytes = readFileSync(path);
          bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
          rmSync(path);
          writeFileSync(path, bytes);
        },
      ],
    ];
    const names = (await snapshotOf(source)).manifest.files.map(({ name }) => name).slice(1);
    await target.stop();
    for (const [, damage] of damages) {
      for (const name of names) {
        const { at, manifest } = await snapshotOf(source);
        const path = join(at, name);
        const content = readFileSync(path);
        rmSync(path);
        writeFileSync(path, content);
        damage(path);
        await expect(target.install(at, manifest)).rejects.toMatchObject({
          code: "DISK_CORRUPT",
          details: { file: name },
        });
      }
    }
    const { at } = await snapshotOf(source);
    await fill(source, 1);
    const later = await source.engine.exportSnapshot(directory());
    const mixed = { ...later, index: 6, files: later.files.slice(0, 2) };
    await expect(target.install(at, mixed)).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
    await target.open();
    expect(await seen(target)).toEqual(before);
  });

  it("is refused with a manifest that its state does not fit", async () => {
    const source = await replica(3);
    const { at, manifest } = await snapshotOf(source);
    const target = await start();
    await target.stop();
    const [first, ...others] = manifest.files;
    for (const changed of [
      { ...manifest, groupState: "00" },
      { ...manifest, files: others },
      { ...manifest, index: 7 },
    ])
      await expect(target.install(at, changed)).rejects.toMatchObject({ code: "DISK_CORRUPT" });
    await expect(target.install(at, { ...manifest, group: 32 })).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
    expect(first?.name).toContain(".tsfile");
    await target.open();
    expect(target.engine.checkpointIndex).toBe(0);
  });
});

describe("a manifest", () => {
  it("is taken only with names that are files of the snapshot", async () => {
    const { manifest } = await snapshotOf(await replica(1));
    expect(checkManifest(JSON.parse(JSON.stringify(manifest)), 16)).toEqual(manifest);
    const [file, state] = manifest.files;
    const bad: unknown[] = [
      undefined,
      [],
      { ...manifest, group: "16" },
      { ...manifest, index: -1 },
      { ...manifest, groupState: "0" },
      { ...manifest, groupState: "XY" },
      { ...manifest, files: {} },
      { ...manifest, files: [file] },
      { ...manifest, files: [file, file, state] },
      { ...manifest, files: [{ ...file, digest: "../" }, state] },
      { ...manifest, files: [{ ...file, sizeBytes: 1.5 }, state] },
      ...["../x", "a/b", "17-0000000000000002.tsfile", "16-0000000000000009.tsfile", "16-2.tsfile", ".", ""].map(
        (name) => ({
          ...manifest,
          files: [{ ...file, name }, state],
        }),
      ),
    ];
    for (const one of bad)
      expect(() => checkManifest(one, 16)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/MALFORMED|UNKNOWN/) }),
      );
  });
});

describe("a crash", () => {
  const seed = Number(process.env["ENGINE_SEED"] ?? 1);

  it.each([
    ["keeps", false],
    ["loses", true],
  ])(
    `of an installation at any call, which %s unsynced names, leaves the old state or the new one; seed ${seed}`,
    async (_name, losesNames) => {
      const random = new SeededRandom(seed);
      const source = await replica(3);
      const { at, manifest } = await snapshotOf(source);
      const after = await seen(source);
      const target = await replica(4, 1);
      const before = await seen(target);
      const { at: old, manifest: oldManifest } = await snapshotOf(target);
      await target.stop();
      target.log.splice(0);
      let outcomes = "";
      let states = "";
      for (let changes = 0; !outcomes.endsWith("."); changes++) {
        const ports = new CrashingPorts(changes, { losesNames });
        const isInstalled = await target.install(at, manifest, ports).then(
          () => true,
          (error: unknown) => {
            if (!hasCode(error, "DISK_IO")) throw error;
            return false;
          },
        );
        outcomes += isInstalled ? "." : "x";
        ports.crash();
        await crashWhileOpening(target, random, losesNames);
        await target.open();
        const now = await seen(target);
        states += now.checkpointIndex === after.checkpointIndex ? "n" : "o";
        expect(now).toEqual(states.endsWith("n") ? after : before);
        await target.stop();
        if (!states.endsWith("n")) continue;
        await target.install(old, oldManifest);
      }
      expect(states).toMatch(/^o{5,}n{3,}$/);
      expect(outcomes).toMatch(/^x{8,}\.$/);
    },
    60_000,
  );

  async function crashWhileOpening(host: Host, random: SeededRandom, losesNames: boolean): Promise<void> {
    const ports = new CrashingPorts(random.below(8), { losesNames });
    await host.open(ports).catch((error: unknown) => {
      if (!hasCode(error, "DISK_IO")) throw error;
    });
    await host.stop();
    ports.crash();
  }
});
