import { describe, expect, it } from "vitest";
import type { RaftLog } from "../src/index.ts";
import { encodeRecord, HEADER_BYTES, RecordKind } from "../src/record.ts";
import { segmentName } from "../src/segment.ts";
import {
  contentOf,
  directoryOf,
  entries,
  entry,
  type Files,
  fileIn,
  filesOf,
  flipped,
  freshDirectory,
  observedDisk,
  openLog,
  Warnings,
  withFile,
} from "./support.ts";

const HARD_STATE = "hardstate";
const SECOND_SLOT = 256 * 1024;
const FIRST = segmentName(1);
const SECOND = segmentName(2);

/** Ways in which the bytes from `from` on may come out of a crash. */
const TEARS: Readonly<Record<string, (content: Uint8Array, from: number) => Uint8Array>> = {
  "cut off": (content, from) => content.slice(0, from),
  zeroed: (content, from) => content.slice().fill(0, from),
  garbled: (content, from) => content.map((byte, i) => (i < from ? byte : (byte * 31 + i * 7 + 1) & 0xff)),
};

/** Entries of group 16 and 32 and the hard state that `log` must have after a crash that spared the first append only. */
async function expectPrefix(log: RaftLog): Promise<void> {
  const first = await contentOf(log, 16);
  const second = await contentOf(log, 32);
  expect(first.length).toBeGreaterThanOrEqual(3);
  expect(first).toEqual(entries(1, 5).slice(0, first.length));
  expect(second).toEqual(entries(1, 2).slice(0, second.length));
  if (second.length > 0) expect(first.length).toBe(5);
  expect(log.group(16)?.hardState).toEqual({ term: 1, vote: 1 });
}

/** Files after an acknowledged append, and after one more that nobody has been told of: `cuts` is written after what it counts on. */
async function lastAppend(segmentBytes: number) {
  const directory = await freshDirectory();
  const log = await openLog(directory, { segmentBytes });
  await log.append(16, { hardState: { term: 1, vote: 1 }, entries: entries(1, 3) });
  const acknowledged = await filesOf(directory);
  await Promise.all([log.append(16, { entries: entries(4, 5) }), log.append(32, { entries: entries(1, 2) })]);
  return { acknowledged, written: withFile(await filesOf(directory), "cuts", fileIn(acknowledged, "cuts")) };
}

describe("a crash in the middle of a write", () => {
  for (const [how, tear] of Object.entries(TEARS))
    it(`leaves a prefix with everything acknowledged, wherever the tail is ${how}`, async () => {
      const { acknowledged, written } = await lastAppend(1e6);
      const whole = fileIn(written, FIRST);
      const disk = observedDisk({ skipsSync: true });
      const directory = await freshDirectory();
      for (let at = fileIn(acknowledged, FIRST).length; at <= whole.length; at++) {
        await directoryOf(withFile(written, FIRST, tear(whole, at)), directory);
        const log = await openLog(directory, { disk });
        await expectPrefix(log);
        const next = (log.group(16)?.lastIndex ?? 0) + 1;
        await log.append(16, { entries: entries(next, next) });
        await log.close();
        if (at % 8 > 0) continue;
        const again = await openLog(directory, { disk });
        expect(again.group(16)?.lastIndex).toBe(next);
        await again.close();
      }
    });

  for (const [how, tear] of Object.entries(TEARS))
    it(`leaves everything acknowledged when a new segment is ${how}`, async () => {
      const { acknowledged, written } = await lastAppend(100);
      expect(acknowledged.has(SECOND)).toBe(false);
      const whole = fileIn(written, SECOND);
      const disk = observedDisk({ skipsSync: true });
      const directory = await freshDirectory();
      for (let at = 0; at <= whole.length; at += 3) {
        await directoryOf(withFile(written, SECOND, tear(whole, at)), directory);
        const log = await openLog(directory, { disk, segmentBytes: 100 });
        await expectPrefix(log);
        await log.append(0, { entries: entries(1, 1) });
        await log.close();
      }
    });

  it("is not taken for damage because of a payload that looks like the log", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 2) });
    const filesBefore = await filesOf(directory);
    const acknowledged = fileIn(filesBefore, FIRST);
    const mark = { kind: RecordKind.MARK, group: 0, term: 1e9, index: 5, session: 0, sequence: 0 };
    const lookalike = encodeRecord(mark, new Uint8Array(0));
    await log.append(16, { entries: [entry(3), entry(4, 1, acknowledged), entry(5, 1, lookalike)] });
    const files = await filesOf(directory);
    const torn = withFile(files, FIRST, flipped(fileIn(files, FIRST), acknowledged.length + 60));
    expect((await openLog(await directoryOf(torn))).group(16)?.lastIndex).toBe(2);
  });

  it("tells of the cut: code, file, offset, bytes", async () => {
    const { acknowledged, written } = await lastAppend(1e6);
    const kept = fileIn(acknowledged, FIRST).length;
    const directory = await directoryOf(withFile(written, FIRST, flipped(fileIn(written, FIRST), kept)));
    const warnings = new Warnings();
    await openLog(directory, { logger: warnings.logger });
    // Nothing of the tail is left behind what the log wrote since: one mark.
    expect(fileIn(await filesOf(directory), FIRST).length).toBe(kept + HEADER_BYTES);
    const file = `${directory}/${FIRST}`;
    expect(warnings.lines).toMatchObject([
      { code: "DISK_CORRUPT", file, offset: kept, bytes: fileIn(written, FIRST).length - kept },
    ]);
  });

  it("or a failed sync before the restart leaves a tail that is written and synced again before it counts", async () => {
    const { acknowledged, written } = await lastAppend(1e6);
    const events: string[] = [];
    const disk = observedDisk({
      write: (path) => void events.push(`write ${path}`),
      afterSync: (path) => void events.push(`sync ${path}`),
    });
    const directory = await directoryOf(written);
    const log = await openLog(directory, { disk });
    const path = `${directory}/${FIRST}`;
    // The tail, then the mark that counts on it.
    expect(events.filter((event) => event.endsWith(FIRST))).toEqual(
      [0, 1].flatMap(() => [`write ${path}`, `sync ${path}`]),
    );
    expect(log.group(16)?.durableIndex).toBe(5);
    expect(fileIn(await filesOf(directory), FIRST).subarray(0, fileIn(written, FIRST).length)).toEqual(
      fileIn(written, FIRST),
    );
    expect(fileIn(acknowledged, FIRST).length).toBeLessThan(fileIn(written, FIRST).length);
  });

  it("may come at each step of making a new log", async () => {
    const directory = await freshDirectory();
    let cutsAtFirst: Uint8Array | undefined;
    const write = async (path: string) => {
      if (path.endsWith(FIRST)) cutsAtFirst ??= fileIn(await filesOf(directory), "cuts");
    };
    await (await openLog(directory, { disk: observedDisk({ write }) })).close();
    const whole = withFile(await filesOf(directory), "cuts", cutsAtFirst ?? new Uint8Array(0));
    const steps: Files[] = [
      new Map(),
      new Map([[HARD_STATE, fileIn(whole, HARD_STATE)]]),
      new Map([...whole].filter(([name]) => name !== FIRST)),
      withFile(whole, FIRST, new Uint8Array(0)),
      withFile(whole, FIRST, fileIn(whole, FIRST).slice(0, 20)),
    ];
    for (const files of steps) {
      const log = await openLog(await directoryOf(files));
      await log.append(16, { entries: entries(1, 1) });
    }
  });
});

describe("hard state", () => {
  it("survives the loss of the tail that held it", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 1) });
    const before = fileIn(await filesOf(directory), FIRST);
    await log.append(16, { hardState: { term: 5, vote: 3 }, entries: [] });
    const files = await filesOf(directory);
    const lost = await openLog(await directoryOf(withFile(files, FIRST, before)));
    expect(lost.group(16)?.hardState).toEqual({ term: 5, vote: 3 });
  });

  it("survives the loss of either slot; without both the log is refused", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    for (let term = 1; term <= 4; term++) await log.append(16, { hardState: { term, vote: 2 }, entries: [] });
    const files = await filesOf(directory);
    const slots = fileIn(files, HARD_STATE);
    for (const at of [20, SECOND_SLOT + 20]) {
      const opened = await openLog(await directoryOf(withFile(files, HARD_STATE, flipped(slots, at))));
      expect(opened.group(16)?.hardState).toEqual({ term: 4, vote: 2 });
    }
    const none = await directoryOf(withFile(files, HARD_STATE, flipped(flipped(slots, 20), SECOND_SLOT + 20)));
    const refusal = { code: "DISK_CORRUPT", details: { file: `${none}/${HARD_STATE}` } };
    await expect(openLog(none)).rejects.toMatchObject(refusal);
  });

  it("is written to the slots in turn, so that a torn write leaves the state before", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    const halves = async () => {
      const content = fileIn(await filesOf(directory), HARD_STATE);
      return [content.slice(0, 64), content.slice(SECOND_SLOT)].map((slot) => slot.join());
    };
    const written: boolean[][] = [];
    for (let term = 1, before = await halves(); term <= 4; term++) {
      await log.append(16, { hardState: { term, vote: 2 }, entries: [] });
      const after = await halves();
      written.push(after.map((half, i) => half !== before[i]));
      before = after;
    }
    const [first, second] = [written[0], written[1]];
    expect([...(first ?? [])].sort()).toEqual([false, true]);
    expect(second).toEqual(first?.map((isWritten) => !isWritten));
    expect(written).toEqual([first, second, first, second]);
  });

  it("is in both places again after a restart", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    const before = await filesOf(directory);
    await log.append(16, { hardState: { term: 5, vote: 3 }, entries: [] });
    const after = await filesOf(directory);
    // The log has it and the file has not; then the other way round; each time what was missing is then the only copy.
    for (const [there, missing] of [
      [FIRST, HARD_STATE],
      [HARD_STATE, FIRST],
    ] as const) {
      const mended = await directoryOf(withFile(after, missing, fileIn(before, missing)));
      await (await openLog(mended)).close();
      const other = withFile(await filesOf(mended), there, fileIn(before, there));
      expect((await openLog(await directoryOf(other))).group(16)?.hardState).toEqual({ term: 5, vote: 3 });
    }
  });
});
