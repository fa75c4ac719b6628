import { readFile } from "node:fs/promises";
import { groupName } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import type { RaftLog } from "../src/index.ts";
import { HEADER_BYTES } from "../src/record.ts";
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

const FIRST = segmentName(1);
const HARD_STATE = "hardstate";
const SECOND_SLOT = 256 * 1024;

/** The files with one bit flipped in the last place where the payload stands in a file. */
function damagedAt(files: Files, payload: string): Files {
  const [name] = [...files.keys()]
    .filter((each) => each.endsWith(".log") && placeIn(files, each, payload) >= 0)
    .slice(-1);
  if (name === undefined) throw new Error(`no '${payload}'`);
  return withFile(files, name, flipped(fileIn(files, name), placeIn(files, name, payload)));
}

function placeIn(files: Files, name: string, payload: string): number {
  return Buffer.from(fileIn(files, name)).lastIndexOf(payload);
}

function without(files: Files, ...names: readonly string[]): Files {
  return new Map([...files].filter(([name]) => !names.includes(name)));
}

function damagedGroups(log: RaftLog): number[] {
  return log
    .groups()
    .filter(({ damaged }) => damaged)
    .map(({ group }) => group);
}

/** Files of a log, closed, with entries of group 16 (1 to 9) and 32 (1 to 3), committed one by one in this order: 16, 32, 16. */
async function twoGroups(segmentBytes = 1e6): Promise<Files> {
  const directory = await freshDirectory();
  const log = await openLog(directory, { segmentBytes });
  for (let i = 1; i <= 6; i++)
    await log.append(16, { hardState: { term: 1, vote: 2 }, entries: [entry(i, 1, `a${i}.`)] });
  for (let i = 1; i <= 3; i++)
    await log.append(32, { hardState: { term: 2, vote: 1 }, entries: [entry(i, 2, `b${i}.`)] });
  for (let i = 7; i <= 9; i++) await log.append(16, { entries: [entry(i, 1, `a${i}.`)] });
  await log.close();
  return filesOf(directory);
}

async function textsOf(log: RaftLog, group: number): Promise<string> {
  return (await contentOf(log, group)).map(({ payload }) => new TextDecoder().decode(payload)).join("");
}

describe("damage before the end of the log", () => {
  it("ends a group's log there and marks it; a group that began behind it keeps everything", async () => {
    const files = damagedAt(await twoGroups(), "a5.");
    const directory = await directoryOf(files);
    const log = await openLog(directory);
    expect(damagedGroups(log)).toEqual([16]);
    expect(log.group(16)).toMatchObject({
      firstIndex: 1,
      lastIndex: 4,
      durableIndex: 4,
      hardState: { term: 1, vote: 2 },
    });
    expect([await textsOf(log, 16), await textsOf(log, 32)]).toEqual(["a1.a2.a3.a4.", "b1.b2.b3."]);
  });

  it("tells of it: code, file, offset, bytes and the groups that lost entries", async () => {
    const whole = await twoGroups();
    const directory = await directoryOf(damagedAt(whole, "a5."));
    const warnings = new Warnings();
    await openLog(directory, { logger: warnings.logger });
    const offset = placeIn(whole, FIRST, "a5.") - HEADER_BYTES;
    const hole = { code: "DISK_CORRUPT", file: `${directory}/${FIRST}`, groups: [groupName(16)] };
    expect(warnings.lines).toEqual([{ message: expect.any(String), ...hole, offset, bytes: expect.any(Number) }]);
  });

  it("marks all groups that may have had entries there, at whatever byte it is", async () => {
    const directory = await freshDirectory();
    const written = await openLog(directory);
    await written.append(16, { hardState: { term: 1, vote: 1 }, entries: entries(1, 3) });
    const durable = fileIn(await filesOf(directory), FIRST).length;
    await written.append(16, { entries: entries(4, 4) });
    const files = await filesOf(directory);
    const disk = observedDisk({ skipsSync: true });
    const scratch = await freshDirectory();
    for (let at = 0; at < durable; at += 3) {
      await directoryOf(withFile(files, FIRST, flipped(fileIn(files, FIRST), at)), scratch);
      const log = await openLog(scratch, { disk });
      const { lastIndex, damaged, hardState } = log.group(16) ?? {};
      expect(await contentOf(log, 16)).toEqual(entries(1, lastIndex ?? 0));
      expect([damaged, hardState]).toEqual([lastIndex !== 4, { term: 1, vote: 1 }]);
      await log.close();
    }
  });

  it("does not join what lies before and behind it, though the indexes would fit", async () => {
    const directory = await freshDirectory();
    const written = await openLog(directory);
    await written.append(16, { entries: entries(1, 10, 1) });
    await written.append(16, { entries: [entry(6, 2, "replaced "), entry(7, 2, "too ")] });
    await written.append(16, { entries: [entry(8, 2, "behind")] });
    await written.close();
    const log = await openLog(await directoryOf(damagedAt(await filesOf(directory), "replaced ")));
    expect(damagedGroups(log)).toEqual([16]);
    expect(await contentOf(log, 16)).toEqual(entries(1, 10, 1));
  });

  it("leaves nothing of a group that was cut behind it and whose entry before the cut may have been replaced", async () => {
    const directory = await freshDirectory();
    const written = await openLog(directory);
    await written.append(16, { entries: entries(1, 10, 1) });
    await written.append(16, { entries: [entry(6, 2, "replaced "), entry(7, 2, "too ")] });
    await written.cut(16, 8);
    await written.close();
    const log = await openLog(await directoryOf(damagedAt(await filesOf(directory), "replaced ")));
    expect(log.group(16)).toMatchObject({ firstIndex: 8, lastIndex: 7, damaged: true });
    expect(log.term(16, 7)).toBe(2);
  });

  it("does not touch a group that was cut behind it and went on", async () => {
    const directory = await freshDirectory();
    const written = await openLog(directory);
    for (let i = 1; i <= 20; i++) await written.append(16, { entries: entries(i, i) });
    await written.append(32, { entries: entries(1, 1) });
    await written.cut(16, 15);
    await written.close();
    const log = await openLog(await directoryOf(damagedAt(await filesOf(directory), "entry 9 ")));
    expect(damagedGroups(log)).toEqual([]);
    expect(await contentOf(log, 16)).toEqual(entries(15, 20));
    expect(await contentOf(log, 32)).toEqual(entries(1, 1));
  });

  it("is no loss twice: the next start finds what was appended since, and the group damaged until it is trusted", async () => {
    const directory = await directoryOf(damagedAt(await twoGroups(), "a5."));
    const log = await openLog(directory);
    await log.append(16, { entries: entries(5, 8, 3) });
    await log.append(48, { hardState: { term: 1, vote: 1 }, entries: [] });
    await log.append(64, { entries: entries(1, 2) });
    await log.close();
    const warnings = new Warnings();
    const again = await openLog(directory, { logger: warnings.logger });
    expect(damagedGroups(again)).toEqual([16]);
    expect(warnings.lines).toMatchObject([{ groups: [] }]);
    expect((await contentOf(again, 16)).slice(4)).toEqual(entries(5, 8, 3));
    await again.trust(16);
    expect(damagedGroups(again)).toEqual([]);
    await again.cut(16, 8);
    await again.close();
    const trusted = await openLog(directory);
    expect(damagedGroups(trusted)).toEqual([]);
    expect(await contentOf(trusted, 16)).toEqual(entries(8, 8, 3));
  });

  it("is known as damage in the very last batch too, once the log was idle or closed", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 1) });
    const end = fileIn(await filesOf(directory), FIRST).length;
    await expect.poll(async () => fileIn(await filesOf(directory), FIRST).length).toBeGreaterThan(end);
    const idle = await filesOf(directory);
    await log.append(16, { entries: entries(2, 2) });
    await log.close();
    const closed = await filesOf(directory);
    for (const [files, payload] of [
      [idle, "entry 1 "],
      [closed, "entry 2 "],
    ] as const)
      expect(damagedGroups(await openLog(await directoryOf(damagedAt(files, payload))))).toEqual([16]);
  });

  it("is known at the end of a segment that has a successor", async () => {
    const files = await twoGroups(100);
    const name = [...files.keys()].sort().find((each) => placeIn(files, each, "a6.") >= 0) ?? "";
    const content = fileIn(files, name);
    for (const short of [flipped(content, content.length - 1), content.slice(0, -1), content.slice(0, -51)]) {
      const log = await openLog(await directoryOf(withFile(files, name, short)), { segmentBytes: 100 });
      expect(damagedGroups(log)).toEqual([16]);
      expect([await textsOf(log, 16), await textsOf(log, 32)]).toEqual(["a1.a2.a3.a4.a5.", "b1.b2.b3."]);
      await log.append(16, { entries: entries(6, 6) });
    }
  });

  it("may be the loss of any segment, the first and the last too", async () => {
    const files = await twoGroups(100);
    const segments = [...files.keys()].filter((name) => name.endsWith(".log")).sort();
    for (const [lost, payload, damaged] of [
      [segments[0], "a1.", [16]],
      [segments.find((name) => placeIn(files, name, "a3.") >= 0), "a3.", [16]],
      [segments.find((name) => placeIn(files, name, "b2.") >= 0), "b2.", [16, 32]],
      [segments.at(-1), "a9.", [16, 32]],
    ] as const) {
      const directory = await directoryOf(without(files, lost ?? ""));
      const log = await openLog(directory, { segmentBytes: 100 });
      expect(damagedGroups(log), payload).toEqual(damaged);
      await log.append(32, { entries: entries((log.group(32)?.lastIndex ?? 0) + 1, 20, 2) });
      await log.close();
      const again = await openLog(directory, { segmentBytes: 100 });
      expect(damagedGroups(again), payload).toEqual(damaged);
      expect(again.group(32)?.lastIndex).toBe(20);
      await again.close();
    }
  });
});

describe("damage that may have taken a promise", () => {
  it("is refused when a slot of hard state is damaged too; a slot alone is mended", async () => {
    const files = await twoGroups();
    const oneSlot = withFile(files, HARD_STATE, flipped(fileIn(files, HARD_STATE), SECOND_SLOT + 20));
    const both = await directoryOf(damagedAt(oneSlot, "a5."));
    await expect(openLog(both)).rejects.toMatchObject({ code: "DISK_CORRUPT", details: { file: `${both}/${FIRST}` } });
    const directory = await directoryOf(oneSlot);
    await (await openLog(directory)).close();
    const log = await openLog(await directoryOf(damagedAt(await filesOf(directory), "a5.")));
    expect(log.group(32)?.hardState).toEqual({ term: 2, vote: 1 });
  });

  it("is no reason to refuse once all hard state was written behind it", async () => {
    const directory = await directoryOf(damagedAt(await twoGroups(), "a5."));
    await (await openLog(directory)).close();
    const files = await filesOf(directory);
    const oneSlot = withFile(files, HARD_STATE, flipped(fileIn(files, HARD_STATE), 20));
    const log = await openLog(await directoryOf(oneSlot));
    expect([16, 32].map((group) => log.group(group)?.hardState)).toEqual([
      { term: 1, vote: 2 },
      { term: 2, vote: 1 },
    ]);
  });

  it("is refused when a file is missing that no other can stand in for, and named", async () => {
    const files = await twoGroups(100);
    for (const lost of [HARD_STATE, "cuts"]) {
      const directory = await directoryOf(without(files, lost));
      const refusal = { code: "DISK_CORRUPT", details: { file: `${directory}/${lost}` } };
      await expect(openLog(directory)).rejects.toMatchObject(refusal);
    }
    const segments = [...files.keys()].filter((name) => name.endsWith(".log"));
    for (const lost of [segments, [...segments, "cuts"]])
      await expect(openLog(await directoryOf(without(files, ...lost)))).rejects.toMatchObject({ code: "DISK_CORRUPT" });
  });
});

describe("damage while the log is open", () => {
  it("is named when reading meets it: file, offset, group and index", async () => {
    const directory = await freshDirectory();
    const log = await openLog(directory);
    await log.append(16, { entries: entries(1, 9) });
    const content = fileIn(await filesOf(directory), FIRST);
    const { open } = await import("node:fs/promises");
    const file = await open(`${directory}/${FIRST}`, "r+");
    await file.write(flipped(content, content.length - 5).subarray(-5), 0, 5, content.length - 5);
    await file.close();
    expect(await log.read(16, 1, 8, 1e6)).toHaveLength(8);
    const details = { file: `${directory}/${FIRST}`, offset: content.length - 60, group: 16, index: 9 };
    await expect(log.read(16, 1, 9, 1e6)).rejects.toMatchObject({ code: "DISK_CORRUPT", details });
  });
});

describe("a log of format version 1", () => {
  it("is read, written on, and knows of losses from then on", async () => {
    const golden: Record<string, string> = JSON.parse(
      await readFile(new URL("fixtures/log-format-1.json", import.meta.url), "utf8"),
    );
    const bytes = (name: string) => new Uint8Array(Buffer.from(golden[name] ?? "", "hex"));
    const files = new Map(Object.keys(golden).map((name) => [name, bytes(name)] as const));
    const hardState = new Uint8Array(SECOND_SLOT + bytes(`${HARD_STATE}@${SECOND_SLOT}`).length);
    for (const at of [0, SECOND_SLOT]) hardState.set(bytes(`${HARD_STATE}@${at}`), at);
    const directory = await directoryOf(
      withFile(without(files, `${HARD_STATE}@0`, `${HARD_STATE}@${SECOND_SLOT}`), HARD_STATE, hardState),
    );
    const log = await openLog(directory, { identity: "golden", segmentBytes: 400 });
    const expected = [
      { group: 16, hardState: { term: 2, vote: 0 }, firstIndex: 3, lastIndex: 5, damaged: false },
      { group: 32, hardState: { term: 3, vote: 1 }, firstIndex: 1, lastIndex: 3, damaged: false },
    ];
    expect(log.groups()).toMatchObject(expected);
    expect(await contentOf(log, 16)).toEqual(entries(3, 5, 2));
    expect(await contentOf(log, 32)).toEqual(entries(1, 3, 3));
    await log.close();
    expect(fileIn(await filesOf(directory), HARD_STATE).length).toBe(2 * SECOND_SLOT);
    const again = await openLog(directory, { identity: "golden", segmentBytes: 400 });
    expect(again.groups()).toMatchObject(expected);
    await again.close();
    const last = [...(await filesOf(directory)).keys()].sort().at(-1) ?? "";
    const lost = await openLog(await directoryOf(without(await filesOf(directory), last)), { identity: "golden" });
    expect(damagedGroups(lost)).toEqual([16, 32]);
  });
});
