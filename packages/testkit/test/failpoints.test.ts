import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8Bytes } from "@ringtide/common";
import { createDisk, openLevelKv } from "@ringtide/common/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CATALOGUE } from "../src/failpoints/catalogue.ts";
import { failpointDisk } from "../src/failpoints/failpoint-disk.ts";
import { failpointKv } from "../src/failpoints/failpoint-kv.ts";
import { Failpoints } from "../src/failpoints/failpoints.ts";

/** Instead of the end of the process. */
class Died extends Error {}

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ringtide-failpoints-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function create() {
  const failpoints = new Failpoints((name) => {
    throw new Died(name);
  });
  return { failpoints, disk: failpointDisk(createDisk(), failpoints) };
}

describe("the catalogue", () => {
  it("names at least 30 places, each once, by place, call and moment, and says what a crash there leaves", () => {
    const names = CATALOGUE.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(30);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, meaning, occasions } of CATALOGUE) {
      expect(name).toMatch(/^[a-zA-Z]+(\.[a-zA-Z]+)+\.(before|partial|written|after)$/);
      expect(meaning, name).not.toBe("");
      expect(occasions, name).not.toEqual([]);
    }
  });
});

describe("a disk with failpoints", () => {
  const path = () => `${directory}/segment-0000000001.log`;

  it("passes everything on and counts, while nothing is armed", async () => {
    const { failpoints, disk } = create();
    const file = await disk.open(path(), "create");
    await file.write([utf8Bytes("abc"), utf8Bytes("def")], 0);
    await file.datasync();
    await file.close();
    expect(readFileSync(path(), "utf8")).toBe("abcdef");
    expect(Object.fromEntries(failpoints.hits)).toEqual({
      "log.segment.create.before": 1,
      "log.segment.create.after": 1,
      "log.segment.write.partial": 1,
      "log.segment.write.before": 1,
      "log.segment.write.after": 1,
      "log.segment.sync.before": 1,
      "log.segment.sync.after": 1,
    });
  });

  it("dies at the pass that was asked for: before a call, behind it, or with half of the bytes written", async () => {
    const cases = [
      { name: "log.segment.write.before", content: "first;" },
      { name: "log.segment.write.partial", content: "first;sec" },
      { name: "log.segment.write.after", content: "first;second" },
    ];
    for (const { name, content } of cases) {
      const { failpoints, disk } = create();
      await disk.unlink(path());
      const file = await disk.open(path(), "create");
      failpoints.arm(name, 2);
      await file.write([utf8Bytes("first;")], 0);
      await expect(file.write([utf8Bytes("se"), utf8Bytes("cond")], 6)).rejects.toThrow(Died);
      expect(readFileSync(path(), "utf8"), name).toBe(content);
      await file.close();
    }
  });

  it("leaves what a crash in the middle of replaceFile leaves", async () => {
    const cases = [
      { name: "identity.replace.before", names: ["identity.json"], content: "old" },
      { name: "identity.replace.partial", names: ["identity.json", "identity.json.0.tmp"], content: "old" },
      { name: "identity.replace.written", names: ["identity.json", "identity.json.0.tmp"], content: "old" },
      { name: "identity.replace.after", names: ["identity.json"], content: "newer" },
    ];
    for (const { name, names, content } of cases) {
      const { failpoints, disk } = create();
      const identity = `${directory}/identity.json`;
      await disk.replaceFile(identity, utf8Bytes("old"));
      failpoints.arm(name, 1);
      await expect(disk.replaceFile(identity, utf8Bytes("newer"))).rejects.toThrow(Died);
      expect(readdirSync(directory), name).toEqual(names);
      expect(readFileSync(identity, "utf8"), name).toBe(content);
      await disk.unlink(`${identity}.0.tmp`);
      await disk.unlink(identity);
    }
  });

  it("counts passes only once another place was passed, when that is asked for", async () => {
    const { failpoints, disk } = create();
    const file = await disk.open(path(), "create");
    failpoints.arm("log.segment.write.before", 1, "log.segment.sync.after");
    await file.write([utf8Bytes("first;")], 0);
    await file.datasync();
    await expect(file.write([utf8Bytes("second")], 6)).rejects.toThrow(Died);
    expect(readFileSync(path(), "utf8")).toBe("first;");
    await file.close();
  });

  it("tells the directories of a snapshot that is made, gathered and taken in apart", async () => {
    const { failpoints, disk } = create();
    for (const made of ["snapshots", "snapshots/16", "incoming/16", "groups/16"])
      await disk.mkdir(`${directory}/${made}`);
    await disk.replaceFile(`${directory}/snapshots/16/state`, utf8Bytes("s"));
    await disk.link(`${directory}/snapshots/16/state`, `${directory}/incoming/16/16-1.tsfile`);
    await disk.link(`${directory}/incoming/16/16-1.tsfile`, `${directory}/groups/16/16-1.tsfile.abc.incoming`);
    await disk.rename(`${directory}/groups/16/16-1.tsfile.abc.incoming`, `${directory}/groups/16/16-1.tsfile`);
    const passed = [...failpoints.hits.keys()].filter((name) => name.endsWith(".after"));
    expect(passed).toEqual([
      "snapshots.dir.make.after",
      "snapshot.dir.make.after",
      "incoming.dir.make.after",
      "group.dir.make.after",
      "snapshot.replace.after",
      "incoming.link.after",
      "install.link.after",
      "install.rename.after",
    ]);
  });

  it("holds the calls of a place back until it is told to let them go", async () => {
    const { failpoints, disk } = create();
    const file = await disk.open(path(), "create");
    failpoints.hang(["log.segment.sync"]);
    let isSynced = false;
    const synced = file.datasync().then(() => {
      isSynced = true;
    });
    await file.write([utf8Bytes("goes on")], 0);
    failpoints.hang(["log.segment.sync", "file.sync"]);
    await disk.stat(path());
    expect(isSynced).toBe(false);
    failpoints.hang([]);
    await synced;
    await file.close();
  });

  it("is full on command, and has room again", async () => {
    const { failpoints, disk } = create();
    const file = await disk.open(path(), "create");
    failpoints.isFull = true;
    await expect(file.write([utf8Bytes("x")], 0)).rejects.toMatchObject({ code: "DISK_FULL" });
    await expect(disk.open(`${path()}2`, "create")).rejects.toMatchObject({ code: "DISK_FULL" });
    expect((await disk.space(directory)).freeBytes).toBe(0);
    failpoints.isFull = false;
    await file.write([utf8Bytes("x")], 0);
    expect((await disk.space(directory)).freeBytes).toBeGreaterThan(0);
    await file.close();
  });
});

it("a store with failpoints tells batches apart by their keys", async () => {
  const { failpoints } = create();
  const kv = await failpointKv(openLevelKv, failpoints)(`${directory}/kv`);
  const put = (...keys: readonly string[]) =>
    kv.write(
      keys.map((key) => ({ op: "put" as const, key: utf8Bytes(key), value: utf8Bytes("v") })),
      { sync: true },
    );
  await put("node/uuid");
  await put("meta/state/000000");
  await put("group/7/\u0001", "group/7/\u0003abcdefgh");
  await put("group/7/\u0004abcdefgh");
  const checkpoint = utf8Bytes("group/7/\u0001");
  const replaced = [
    { op: "delete" as const, key: checkpoint },
    { op: "put" as const, key: checkpoint, value: checkpoint },
  ];
  await kv.write(replaced, { sync: true });
  failpoints.arm("kv.checkpoint.write.after", 1);
  await expect(put("group/7/\u0001")).rejects.toThrow(Died);
  await kv.close();
  const hits = Object.fromEntries(failpoints.hits);
  expect(hits).toMatchObject({ "kv.identity.write.after": 1, "kv.meta.write.after": 1, "kv.group.write.after": 1 });
  expect(hits).toMatchObject({ "kv.install.write.after": 1 });
  expect(hits).toMatchObject({ "kv.checkpoint.write.before": 2, "kv.checkpoint.write.after": 2 });
});
