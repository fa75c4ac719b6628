import { describe, expect, it } from "vitest";
import { concatBytes, utf8Bytes, utf8Text } from "../bytes.ts";
import type { Disk } from "../ports/index.ts";
import { type Disposable, expectCode, fixture, pattern } from "./support.ts";

export interface DiskFixture extends Disposable {
  readonly disk: Disk;
  /** An existing empty directory, without a slash at its end. */
  readonly directory: string;
}

/** Registers the tests that every Disk has to pass. */
export function diskConformance(name: string, make: () => Promise<DiskFixture>): void {
  describe(`Disk: ${name}`, () => {
    const given = fixture(make);
    describe("open files", () => openFiles(given));
    describe("whole files and names", () => names(given));
    describe("directories", () => directories(given));
  });
}

function openFiles(given: () => DiskFixture): void {
  it("reads what was written, at any position, in parts of any size", async () => {
    const { disk, directory } = given();
    const file = await disk.open(`${directory}/a`, "create");
    const parts = Array.from({ length: 3_000 }, (_, i) => pattern(i % 7, i));
    const whole = concatBytes(parts);
    await file.write(parts, 0);
    await file.write([], 5);
    await file.datasync();
    expect(await file.sizeBytes()).toBe(whole.length);
    const into = new Uint8Array(whole.length);
    expect(await file.read(into, 0)).toBe(whole.length);
    expect(into).toEqual(whole);
    await file.write([utf8Bytes("XY")], 10);
    expect(await file.read(into.subarray(0, 4), 9)).toBe(4);
    expect(Array.from(into.subarray(0, 4))).toEqual([whole[9], 0x58, 0x59, whole[12]]);
    await file.close();
  });

  it("reads less only at the end of the file", async () => {
    const { disk, directory } = given();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write([utf8Bytes("abc")], 0);
    const into = new Uint8Array(8);
    expect(await file.read(into, 1)).toBe(2);
    expect(utf8Text(into.subarray(0, 2))).toBe("bc");
    expect(await file.read(into, 3)).toBe(0);
    expect(await file.read(into, 100)).toBe(0);
    expect(await file.read(new Uint8Array(0), 0)).toBe(0);
    await file.close();
  });

  it("fills a gap with zeros, and truncates to shorter and longer", async () => {
    const { disk, directory } = given();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write([utf8Bytes("end")], 4);
    expect(Array.from(await disk.readFile(`${directory}/a`))).toEqual([0, 0, 0, 0, 0x65, 0x6e, 0x64]);
    await file.truncate(5);
    expect(await file.sizeBytes()).toBe(5);
    await file.truncate(7);
    expect(Array.from(await disk.readFile(`${directory}/a`))).toEqual([0, 0, 0, 0, 0x65, 0, 0]);
    await file.close();
  });

  it("opens in the mode asked for", async () => {
    const { disk, directory } = given();
    const path = `${directory}/a`;
    await expectCode(disk.open(path, "read"), "DISK_NOT_FOUND");
    await expectCode(disk.open(path, "readWrite"), "DISK_NOT_FOUND");
    await (await disk.open(path, "create")).close();
    await expectCode(disk.open(path, "create"), "DISK_EXISTS");
    const readOnly = await disk.open(path, "read");
    await expect(readOnly.write([utf8Bytes("x")], 0)).rejects.toThrow();
    await readOnly.close();
    const writer = await disk.open(path, "readWrite");
    await writer.write([utf8Bytes("x")], 0);
    await writer.close();
    expect(utf8Text(await disk.readFile(path))).toBe("x");
  });

  it("names path and operation in errors", async () => {
    const { disk, directory } = given();
    await expect(disk.open(`${directory}/missing`, "read")).rejects.toThrow(`open of ${directory}/missing`);
  });

  it("refuses calls after close", async () => {
    const { disk, directory } = given();
    const file = await disk.open(`${directory}/a`, "create");
    await file.close();
    await expectCode(file.sizeBytes(), "INTERNAL");
    await expectCode(file.write([utf8Bytes("x")], 0), "INTERNAL");
    await expectCode(file.datasync(), "INTERNAL");
  });

  it("keeps an open file readable after its name is gone", async () => {
    const { disk, directory } = given();
    const file = await disk.open(`${directory}/a`, "create");
    await file.write([utf8Bytes("kept")], 0);
    await disk.unlink(`${directory}/a`);
    const into = new Uint8Array(4);
    expect(await file.read(into, 0)).toBe(4);
    expect(utf8Text(into)).toBe("kept");
    await file.close();
  });
}

function names(given: () => DiskFixture): void {
  it("replaces a file as a whole, and leaves nothing else behind", async () => {
    const { disk, directory } = given();
    const path = `${directory}/state`;
    await disk.replaceFile(path, pattern(100_000));
    await disk.replaceFile(path, utf8Bytes("short"));
    expect(utf8Text(await disk.readFile(path))).toBe("short");
    const texts = ["a", "bb", "ccc"];
    await Promise.all(texts.map((text) => disk.replaceFile(path, utf8Bytes(text))));
    expect(texts).toContain(utf8Text(await disk.readFile(path)));
    expect(await disk.list(directory)).toEqual(["state"]);
    await expectCode(disk.replaceFile(`${directory}/missing/state`, utf8Bytes("x")), "DISK_NOT_FOUND");
  });

  it("renames over an existing file", async () => {
    const { disk, directory } = given();
    await disk.replaceFile(`${directory}/a`, utf8Bytes("a"));
    await disk.replaceFile(`${directory}/b`, utf8Bytes("b"));
    await disk.rename(`${directory}/a`, `${directory}/b`);
    expect(await disk.list(directory)).toEqual(["b"]);
    expect(utf8Text(await disk.readFile(`${directory}/b`))).toBe("a");
    await expectCode(disk.rename(`${directory}/a`, `${directory}/c`), "DISK_NOT_FOUND");
  });

  it("links: one file with two names, of which either may go", async () => {
    const { disk, directory } = given();
    await disk.replaceFile(`${directory}/a`, utf8Bytes("one"));
    await disk.link(`${directory}/a`, `${directory}/b`);
    await expectCode(disk.link(`${directory}/a`, `${directory}/b`), "DISK_EXISTS");
    await expectCode(disk.link(`${directory}/none`, `${directory}/c`), "DISK_NOT_FOUND");
    const file = await disk.open(`${directory}/a`, "readWrite");
    await file.write([utf8Bytes("two")], 0);
    await file.close();
    expect(utf8Text(await disk.readFile(`${directory}/b`))).toBe("two");
    await disk.unlink(`${directory}/a`);
    expect(utf8Text(await disk.readFile(`${directory}/b`))).toBe("two");
  });

  it("unlinks a file, and takes a missing one for unlinked", async () => {
    const { disk, directory } = given();
    await disk.replaceFile(`${directory}/a`, utf8Bytes("a"));
    await disk.unlink(`${directory}/a`);
    await disk.unlink(`${directory}/a`);
    expect(await disk.list(directory)).toEqual([]);
    await expectCode(disk.readFile(`${directory}/a`), "DISK_NOT_FOUND");
  });
}

function directories(given: () => DiskFixture): void {
  it("makes directories with their parents, more than once", async () => {
    const { disk, directory } = given();
    await disk.mkdir(`${directory}/x/y/z`);
    await disk.mkdir(`${directory}/x/y/z`);
    expect(await disk.stat(`${directory}/x/y`)).toMatchObject({ isDirectory: true });
    await disk.replaceFile(`${directory}/file`, utf8Bytes("f"));
    await expectCode(disk.mkdir(`${directory}/file`), "DISK_EXISTS");
  });

  it("lists names in the order of code units", async () => {
    const { disk, directory } = given();
    for (const name of ["b", "a", "B", "10", "9", "é"]) await disk.replaceFile(`${directory}/${name}`, utf8Bytes(""));
    await disk.mkdir(`${directory}/c`);
    expect(await disk.list(directory)).toEqual(["10", "9", "B", "a", "b", "c", "é"]);
    await expectCode(disk.list(`${directory}/none`), "DISK_NOT_FOUND");
  });

  it("removes a directory with everything in it, and takes a missing one for removed", async () => {
    const { disk, directory } = given();
    await disk.mkdir(`${directory}/x/y`);
    await disk.replaceFile(`${directory}/x/y/a`, utf8Bytes("a"));
    await disk.removeDir(`${directory}/x`);
    await disk.removeDir(`${directory}/x`);
    expect(await disk.list(directory)).toEqual([]);
  });

  it("knows size and kind of what is there, and what is not", async () => {
    const { disk, directory } = given();
    await disk.replaceFile(`${directory}/a`, pattern(1234));
    expect(await disk.stat(`${directory}/a`)).toEqual({ sizeBytes: 1234, isDirectory: false });
    expect(await disk.stat(`${directory}/b`)).toBeUndefined();
    expect(await disk.stat(`${directory}/a/b`)).toBeUndefined();
  });

  it("syncs a directory, and knows the space of its disk", async () => {
    const { disk, directory } = given();
    await disk.syncDir(directory);
    await expectCode(disk.syncDir(`${directory}/none`), "DISK_NOT_FOUND");
    const { freeBytes, totalBytes } = await disk.space(directory);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
}
