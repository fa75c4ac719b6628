import { describe, expect, it } from "vitest";
import { MemoryDisk, Seeded } from "./memory-disk.ts";
import { contentOf, entries, freshDirectory, observedDisk, openLog } from "./support.ts";

const SMALL = { segmentBytes: 1000 };

describe("resetting a group", () => {
  it("leaves it empty at the index, its hard state and the other groups as they were, over restarts", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, SMALL);
    await log.append(16, { hardState: { term: 3, vote: 2 }, entries: entries(1, 50, 3) });
    await log.append(32, { entries: entries(1, 5) });
    await log.reset(16, 101, 2);
    const empty = { firstIndex: 101, lastIndex: 100, termRuns: [], hardState: { term: 3, vote: 2 }, damaged: false };
    expect(log.group(16)).toMatchObject(empty);
    expect([log.term(16, 100), log.term(16, 50)]).toEqual([2, undefined]);
    expect(await contentOf(log, 32)).toEqual(entries(1, 5));
    await log.close();
    const again = await openLog(directory, SMALL);
    expect(again.group(16)).toMatchObject(empty);
    await again.append(16, { entries: entries(101, 105, 3) });
    await again.close();
    expect(await contentOf(await openLog(directory, SMALL), 16)).toEqual(entries(101, 105, 3));
  });

  for (const [where, firstIndex] of [
    ["before the old entries", 2],
    ["among the old entries", 30],
    ["behind the old entries", 90],
  ] as const)
    it(`never brings back an old entry when it begins ${where}`, async () => {
      const directory = await freshDirectory();
      const log = await openLog(directory, SMALL);
      await log.append(16, { entries: entries(1, 60, 5) });
      await log.cut(16, 10);
      await log.reset(16, firstIndex, 1);
      await log.close();
      const empty = await openLog(directory, SMALL);
      expect(empty.group(16)).toMatchObject({ firstIndex, lastIndex: firstIndex - 1 });
      await empty.append(16, { entries: entries(firstIndex, firstIndex + 3, 2) });
      await empty.cut(16, firstIndex + 1);
      await empty.close();
      const log2 = await openLog(directory, SMALL);
      expect(await contentOf(log2, 16)).toEqual(entries(firstIndex + 1, firstIndex + 3, 2));
      expect(log2.group(16)?.damaged).toBe(false);
    });

  it("works for a group that the log does not know", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.reset(48, 8, 4);
    expect(log.group(48)).toMatchObject({ firstIndex: 8, lastIndex: 7, hardState: { term: 0, vote: 0 } });
    await log.append(48, { hardState: { term: 5, vote: 0 }, entries: entries(8, 9, 5) });
    await log.close();
    const again = await openLog(directory);
    expect([again.term(48, 7), again.group(48)?.lastIndex]).toEqual([4, 9]);
  });

  it("lets segments go that only the old entries needed, at the next cut", async () => {
    const log = await openLog(await freshDirectory(), SMALL);
    await log.append(16, { entries: entries(1, 1) });
    for (let i = 1; i <= 40; i++) await log.append(32, { entries: entries(i, i) });
    await log.reset(16, 500, 1);
    const before = log.sizeBytes();
    await log.cut(32, 38);
    expect(log.sizeBytes()).toBeLessThan(before / 2);
  });

  it("keeps a damaged group damaged, until it is trusted", async () => {
    const disk = new MemoryDisk(new Seeded(1));
    const log = await openLog("/log", { ...SMALL, disk });
    for (let i = 1; i <= 40; i++) await log.append(16, { hardState: { term: 1, vote: 1 }, entries: entries(i, i) });
    await log.close();
    disk.damage("/log/segment-0000000002.log", undefined);
    const damaged = await openLog("/log", { ...SMALL, disk });
    await damaged.reset(16, 100, 1);
    expect(damaged.group(16)?.damaged).toBe(true);
    await damaged.append(16, { entries: entries(100, 101) });
    await damaged.close();
    const again = await openLog("/log", { ...SMALL, disk });
    expect(again.group(16)).toMatchObject({ firstIndex: 100, lastIndex: 101, damaged: true });
    await again.trust(16);
    await again.close();
    expect((await openLog("/log", { ...SMALL, disk })).group(16)?.damaged).toBe(false);
  });

  it("waits for what was appended before, and takes nothing meanwhile", async () => {
    let letGo: () => void = () => undefined;
    let hold = false;
    const beforeSync = () => (hold ? new Promise<void>((resolve) => (letGo = resolve)) : undefined);
    const log = await openLog(await freshDirectory(), { disk: observedDisk({ beforeSync }) });
    await log.append(16, { entries: entries(1, 1) });
    hold = true;
    const append = log.append(16, { entries: entries(2, 3) });
    const reset = log.reset(16, 10, 1);
    await new Promise((resolve) => setImmediate(resolve));
    await expect(log.append(16, { entries: entries(4, 4) })).rejects.toMatchObject({ code: "INTERNAL" });
    expect(log.group(16)?.lastIndex).toBe(3);
    hold = false;
    letGo();
    await Promise.all([append, reset]);
    expect(log.group(16)?.lastIndex).toBe(9);
  });

  it("is whole or has not begun, wherever the power goes", async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const disk = new MemoryDisk(new Seeded(seed));
      const log = await openLog("/log", { ...SMALL, disk });
      await log.append(16, { hardState: { term: 2, vote: 1 }, entries: entries(1, 30, 2) });
      disk.operationsLeft = 1 + (seed % 3);
      const isDone = await log.reset(16, 20, 1).then(
        () => true,
        () => false,
      );
      await log.close();
      disk.crash();
      const again = await openLog("/log", { ...SMALL, disk });
      const found = again.group(16);
      expect(found).toMatchObject({ hardState: { term: 2, vote: 1 }, damaged: false });
      if (isDone) expect(found?.firstIndex).toBe(20);
      if (found?.firstIndex === 20) expect(found.lastIndex).toBe(19);
      else expect(await contentOf(again, 16)).toEqual(entries(1, 30, 2));
      seen.add(found?.firstIndex ?? 0);
      await again.close();
    }
    expect([...seen].sort()).toEqual([1, 20]);
  });
});
