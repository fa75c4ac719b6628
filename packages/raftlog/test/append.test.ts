import { readdir } from "node:fs/promises";
import { equalBytes, RingtideError } from "@ringtide/common";
import type { Entry } from "@ringtide/raft";
import { describe, expect, it } from "vitest";
import { contentOf, entries, entry, freshDirectory, observedDisk, openLog } from "./support.ts";

const isSegment = (path: string) => path.endsWith(".log");
const isHardState = (path: string) => path.endsWith("hardstate");

describe("appending", () => {
  it("commits many appends with few syncs", async () => {
    let syncs = 0;
    const log = await openLog(await freshDirectory(), {
      disk: observedDisk({ afterSync: () => void syncs++ }),
    });
    const before = syncs;
    await Promise.all(Array.from({ length: 500 }, (_, i) => log.append(16, { entries: [entry(i + 1)] })));
    expect(log.group(16)?.durableIndex).toBe(500);
    expect(syncs - before).toBeLessThanOrEqual(2);
  });

  it("resolves only after the sync of its bytes, and reports the age of what waits", async () => {
    let letGo: () => void = () => undefined;
    let hold = false;
    const disk = observedDisk({
      beforeSync: () => (hold ? new Promise<void>((resolve) => (letGo = resolve)) : undefined),
    });
    const log = await openLog(await freshDirectory(), { disk });
    expect(log.oldestPendingSyncMs()).toBe(0);
    hold = true;
    let acknowledged = false;
    const append = log.append(16, { entries: entries(1, 3) }).then(() => (acknowledged = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(acknowledged).toBe(false);
    expect(log.group(16)).toMatchObject({ lastIndex: 3, durableIndex: 0 });
    expect(log.term(16, 3)).toBe(1);
    expect(log.oldestPendingSyncMs()).toBeGreaterThan(20);
    hold = false;
    letGo();
    await append;
    expect(log.group(16)).toMatchObject({ lastIndex: 3, durableIndex: 3 });
    expect(log.oldestPendingSyncMs()).toBe(0);
  });

  it("touches the hard state file only for batches that carry hard state", async () => {
    const synced: string[] = [];
    const log = await openLog(await freshDirectory(), {
      disk: observedDisk({ afterSync: (path) => void synced.push(path) }),
    });
    synced.length = 0;
    await log.append(16, { entries: entries(1, 2) });
    expect(synced.filter(isHardState)).toEqual([]);
    expect(synced.filter(isSegment)).toHaveLength(1);
    synced.length = 0;
    await log.append(16, { hardState: { term: 1, vote: 2 }, entries: [] });
    expect(synced.filter(isHardState)).toHaveLength(1);
    expect(synced.filter(isSegment)).toHaveLength(1);
  });

  it("gives back what was appended, entries that are not durable yet included", async () => {
    const log = await openLog(await freshDirectory());
    const sizes = [0, 1, 4096, 4097, 300_000];
    const written = sizes.map((size, i) => entry(i + 1, 1, new Uint8Array(size).fill(i + 7)));
    const append = log.append(16, { entries: written });
    expect(await contentOf(log, 16)).toEqual(written);
    await append;
    expect(await contentOf(log, 16)).toEqual(written);
    expect(await log.read(16, 2, 5, 1)).toEqual(written.slice(1, 2));
    expect(await log.read(16, 1, 5, 5000)).toEqual(written.slice(0, 3));
  });

  it("keeps several groups apart, across segments and restarts", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, { segmentBytes: 2000 });
    for (let i = 1; i <= 40; i++)
      await Promise.all([0, 16, 32].map((group) => log.append(group, { entries: [entry(i, 1, `${group}:${i}`)] })));
    expect((await readdir(directory)).filter(isSegment).length).toBeGreaterThan(3);
    await log.close();
    const again = await openLog(directory, { segmentBytes: 2000 });
    expect(again.groups().map(({ group }) => group)).toEqual([0, 16, 32]);
    for (const group of [0, 16, 32]) {
      const texts = (await contentOf(again, group)).map(({ payload }) => new TextDecoder().decode(payload));
      expect(texts).toEqual(Array.from({ length: 40 }, (_, i) => `${group}:${i + 1}`));
    }
    await again.append(16, { entries: [entry(41)] });
    expect(again.group(16)).toMatchObject({ firstIndex: 1, lastIndex: 41, durableIndex: 41 });
  });

  it("keeps large entries among small ones over a restart", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, { segmentBytes: 1e9 });
    const sizes = [10, 2_097_152, 3, 5_000_000, 0, 2_097_000];
    const written = sizes.map((size, i) => entry(i + 1, 1, new Uint8Array(size).fill(i + 7)));
    await log.append(16, { entries: written });
    await log.close();
    const again = await openLog(directory, { segmentBytes: 1e9 });
    const read = await contentOf(again, 16);
    expect(read.map(({ payload }) => payload.length)).toEqual(sizes);
    for (const [i, { payload }] of read.entries())
      expect(equalBytes(payload, (written[i] as Entry).payload)).toBe(true);
  });

  it("syncs the directory before it acknowledges the first append of a new segment", async () => {
    const events: string[] = [];
    const disk = observedDisk({
      afterSync: () => void events.push("sync"),
      afterSyncDir: () => void events.push("syncDir"),
    });
    const log = await openLog(await freshDirectory(), { segmentBytes: 100, disk });
    await log.append(16, { entries: entries(1, 1) });
    events.length = 0;
    await log.append(16, { entries: entries(2, 2) });
    events.push("acknowledged");
    expect(events).toEqual(["sync", "syncDir", "acknowledged"]);
  });

  it("takes what comes however much waits for a disk that hangs", async () => {
    let stuck = false;
    let letGo: () => void = () => undefined;
    const write = async () => {
      if (!stuck) return;
      await new Promise<void>((resolve) => (letGo = resolve));
      throw new RingtideError("DISK_IO", "stuck for good");
    };
    const log = await openLog(await freshDirectory(), { disk: observedDisk({ write }), maxEntryBytes: 1e8 });
    stuck = true;
    const payload = new Uint8Array(80e6);
    const waiting = [1, 2, 3, 4].map((index) => log.append(16, { entries: [entry(index, 1, payload)] }));
    expect(log.group(16)?.lastIndex).toBe(4);
    await Promise.resolve();
    letGo();
    for (const result of await Promise.allSettled(waiting))
      expect(result).toMatchObject({ status: "rejected", reason: { code: "DISK_IO" } });
  });

  it("overwrites from an entry's index on, and still knows it after a restart", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 10, 1) });
    await log.append(16, { entries: entries(4, 6, 3) });
    const expected = {
      lastIndex: 6,
      termRuns: [
        { fromIndex: 1, term: 1 },
        { fromIndex: 4, term: 3 },
      ],
    };
    expect(log.group(16)).toMatchObject(expected);
    expect(log.term(16, 7)).toBeUndefined();
    await log.close();
    const again = await openLog(directory);
    expect(again.group(16)).toMatchObject(expected);
    expect(await contentOf(again, 16)).toEqual([...entries(1, 3, 1), ...entries(4, 6, 3)]);
  });

  it("counts a group's bytes and indexes many entries", async () => {
    const log = await openLog(await freshDirectory(), { segmentBytes: 1e9 });
    await log.append(16, { entries: entries(1, 20_000, 1, 10) });
    expect(log.groupBytesSince(16, 1)).toBe(20_000 * 58);
    expect(log.groupBytesSince(16, 5000)).toBe(15_001 * 58);
    expect(log.groupBytesSince(16, 20_001)).toBe(0);
    await log.append(16, { entries: entries(9000, 9001, 2, 10) });
    expect(log.groupBytesSince(16, 1)).toBe(9001 * 58);
    expect(log.groupBytesSince(16, 8193)).toBe(809 * 58);
    expect(log.sizeBytes()).toBeGreaterThan(20_000 * 58);
  });

  it("refuses what cannot follow, without doing anything", async () => {
    const log = await openLog(await freshDirectory(), { maxEntryBytes: 100 });
    await log.append(16, { hardState: { term: 2, vote: 1 }, entries: entries(1, 3, 2) });
    const large = [entry(4, 2, new Uint8Array(101))];
    await expect(log.append(16, { entries: large })).rejects.toMatchObject({ code: "TABLET_TOO_LARGE" });
    await expect(log.append(16, { entries: entries(5, 5, 2) })).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(log.append(16, { entries: entries(4, 4, 1) })).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(log.append(16, { hardState: { term: 1, vote: 1 }, entries: [] })).rejects.toMatchObject({
      code: "INTERNAL",
    });
    await expect(log.append(16, { hardState: { term: 2, vote: 3 }, entries: [] })).rejects.toMatchObject({
      code: "INTERNAL",
    });
    expect(log.group(16)).toMatchObject({ lastIndex: 3, hardState: { term: 2, vote: 1 } });
    await log.close();
    await expect(log.append(16, { entries: entries(4, 4, 2) })).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });
});

describe("a failing disk", () => {
  for (const [what, code] of [
    ["beforeSync", "DISK_IO"],
    ["beforeSync", "DISK_FULL"],
    ["write", "DISK_IO"],
  ] as const)
    it(`stops the log at a failing ${what} (${code}), and never tries again`, async () => {
      let fails = false;
      let tries = 0;
      const disk = observedDisk({
        [what]: () => {
          if (!fails) return;
          tries++;
          throw new RingtideError(code, "it failed");
        },
      });
      const failures: string[] = [];
      const log = await openLog(await freshDirectory(), { disk, onFailure: (error) => failures.push(error.code) });
      await log.append(16, { entries: entries(1, 1) });
      fails = true;
      const first = log.append(16, { entries: entries(2, 2) });
      await Promise.resolve();
      await Promise.resolve();
      const second = log.append(16, { entries: entries(3, 3) });
      const outcomes = await Promise.allSettled([first, second]);
      expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
      await expect(log.append(32, { entries: entries(1, 1) })).rejects.toMatchObject({ code });
      await expect(log.read(16, 2, 2, 1000)).rejects.toMatchObject({ code });
      expect(failures).toEqual([code]);
      expect(tries).toBe(1);
      expect(log.group(16)?.durableIndex).toBe(1);
    });
});
