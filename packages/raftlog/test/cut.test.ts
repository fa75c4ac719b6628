import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { segmentName } from "../src/segment.ts";
import { contentOf, directoryOf, entries, filesOf, freshDirectory, observedDisk, openLog } from "./support.ts";

const SMALL = { segmentBytes: 1000 };

async function segmentsIn(directory: string): Promise<string[]> {
  return [...(await filesOf(directory)).keys()].filter((name) => name.endsWith(".log"));
}

describe("cutting", () => {
  it("is remembered over a restart, with the term before", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: [...entries(1, 5, 1), ...entries(6, 10, 2)] });
    await log.cut(16, 6);
    await log.cut(16, 3);
    const expected = { firstIndex: 6, lastIndex: 10, termRuns: [{ fromIndex: 6, term: 2 }] };
    expect(log.group(16)).toMatchObject(expected);
    await log.close();
    const again = await openLog(directory);
    expect(again.group(16)).toMatchObject(expected);
    expect([again.term(16, 4), again.term(16, 5), again.term(16, 6)]).toEqual([undefined, 1, 2]);
    expect(await contentOf(again, 16)).toEqual(entries(6, 10, 2));
    await again.cut(16, 11);
    await again.close();
    const empty = await openLog(directory);
    expect(empty.group(16)).toMatchObject({ firstIndex: 11, lastIndex: 10, termRuns: [], durableIndex: 10 });
    expect(empty.term(16, 10)).toBe(2);
    await empty.append(16, { entries: entries(11, 12, 3) });
    expect(empty.group(16)).toMatchObject({ lastIndex: 12, termRuns: [{ fromIndex: 11, term: 3 }] });
  });

  it("is not remembered before the entries below it are durable", async () => {
    const directory = await freshDirectory();
    let hold = false;
    let letGo: () => void = () => undefined;
    const beforeSync = () => (hold ? new Promise<void>((resolve) => (letGo = resolve)) : undefined);
    const log = await openLog(directory, { disk: observedDisk({ beforeSync }) });
    await log.append(16, { entries: entries(1, 1) });
    const before = (await filesOf(directory)).get("cuts");
    hold = true;
    const append = log.append(16, { entries: entries(2, 9) });
    const cut = log.cut(16, 8);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await filesOf(directory)).get("cuts")).toEqual(before);
    expect(log.group(16)?.firstIndex).toBe(1);
    hold = false;
    letGo();
    await Promise.all([append, cut]);
    expect((await filesOf(directory)).get("cuts")).not.toEqual(before);
    expect(log.group(16)?.firstIndex).toBe(8);
  });

  it("behind the last entry, or of entries that were cut, is refused", async () => {
    const log = await openLog(await freshDirectory());
    await log.append(16, { entries: entries(1, 5) });
    await expect(log.cut(16, 7)).rejects.toMatchObject({ code: "INTERNAL" });
    await log.cut(16, 4);
    await expect(log.read(16, 3, 5, 1000)).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(log.append(16, { entries: entries(3, 5) })).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("does not bring back what a cut entry had replaced", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 20, 1) });
    await log.append(16, { entries: entries(5, 9, 2) });
    await log.cut(16, 10);
    await log.close();
    expect((await openLog(directory)).group(16)).toMatchObject({ firstIndex: 10, lastIndex: 9 });
  });

  it("unlinks the segments that no group needs, and keeps those that one needs", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, SMALL);
    for (let i = 1; i <= 60; i++)
      await Promise.all([16, 32].map((group) => log.append(group, { entries: entries(i, i) })));
    const before = await segmentsIn(directory);
    const sizeBefore = log.sizeBytes();
    await log.cut(16, 61);
    expect(await segmentsIn(directory)).toEqual(before);
    await log.cut(32, 31);
    const left = await segmentsIn(directory);
    expect(left.length).toBeLessThan(before.length);
    expect(log.sizeBytes()).toBeLessThan(sizeBefore);
    expect(await contentOf(log, 32)).toEqual(entries(31, 60));
    await log.close();
    const again = await openLog(directory, SMALL);
    expect(await segmentsIn(directory)).toEqual(expect.arrayContaining(left));
    expect((await segmentsIn(directory))[0]).toBe(left[0]);
    expect(await contentOf(again, 32)).toEqual(entries(31, 60));
    expect(again.group(16)).toMatchObject({ firstIndex: 61, lastIndex: 60 });
  });

  it("never loses the last hard state of a group with its segment", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, SMALL);
    await log.append(48, { hardState: { term: 7, vote: 2 }, entries: [] });
    await log.append(64, { hardState: { term: 3, vote: 0 }, entries: [] });
    for (let i = 1; i <= 60; i++) await log.append(16, { entries: entries(i, i) });
    await log.cut(16, 61);
    expect(await segmentsIn(directory)).not.toContain(segmentName(1));
    await log.close();
    const files = new Map(await filesOf(directory));
    const emptyStates = (await filesOf(await emptyLog())).get("hardstate") ?? new Uint8Array(0);
    files.set("hardstate", emptyStates);
    const again = await openLog(await directoryOf(files), SMALL);
    expect(again.group(48)?.hardState).toEqual({ term: 7, vote: 2 });
    expect(again.group(64)?.hardState).toEqual({ term: 3, vote: 0 });
  });

  it("survives a crash between declaring segments unneeded and unlinking them", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory, SMALL);
    for (let i = 1; i <= 60; i++) await log.append(16, { entries: entries(i, i) });
    const before = await filesOf(directory);
    await log.cut(16, 50);
    await log.close();
    const after = await filesOf(directory);
    const gone = [...before.keys()].filter((name) => !after.has(name));
    expect(gone.length).toBeGreaterThan(2);
    for (const name of gone) {
      const left = new Map([...after, [name, before.get(name) ?? new Uint8Array(0)] as const]);
      const crashed = await directoryOf(left);
      const again = await openLog(crashed, SMALL);
      expect(await contentOf(again, 16)).toEqual(entries(50, 60));
      expect(await segmentsIn(crashed)).not.toContain(name);
    }
    await rm(join(directory, segmentName(gone.length + 1)));
    expect((await openLog(directory, SMALL)).group(16)).toMatchObject({ firstIndex: 50, lastIndex: 49, damaged: true });
  });

  it("leaves a read that is under way its files", async () => {
    const directory = await freshDirectory();
    const unlinked: string[] = [];
    const log = await openLog(directory, {
      ...SMALL,
      disk: observedDisk({ afterUnlink: (path) => void unlinked.push(path) }),
    });
    for (let i = 1; i <= 60; i++) await log.append(16, { entries: entries(i, i) });
    const [read] = await Promise.all([log.read(16, 1, 60, 1e6), log.cut(16, 61)]);
    expect(read).toEqual(entries(1, 60));
    expect(unlinked.length).toBeGreaterThan(3);
  });
});

async function emptyLog(): Promise<string> {
  const directory = await freshDirectory();
  await (await openLog(directory)).close();
  return directory;
}
