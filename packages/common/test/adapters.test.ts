import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ErrorCode, hasCode, utf8Bytes } from "@ringtide/common";
import { createCompute, createDisk, createLogger } from "@ringtide/common/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ringtide-adapters-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  return hasCode(error, "DISK_IO", "DISK_FULL", "INTERNAL", "OVERLOADED", "SHUTTING_DOWN") ? error.code : undefined;
}

const hasFullDevice = existsSync("/dev/full");
if (!hasFullDevice) {
  console.warn("SKIPPED: the real disk when it is full, the logger on a full disk; because /dev/full is not here");
}

describe("the real disk", () => {
  it("tells its observer when a sync begins and ends", async () => {
    const events: string[] = [];
    const disk = createDisk({
      fsyncObserver: (path) => {
        events.push(`begin ${path}`);
        return (error) => events.push(`end ${path} ${error?.code ?? "well"}`);
      },
    });
    const path = join(directory, "a");
    const file = await disk.open(path, "create");
    await file.write([utf8Bytes("x")], 0);
    expect(events).toEqual([]);
    await file.datasync();
    await file.close();
    await disk.syncDir(directory);
    const wanted = [`begin ${path}`, `end ${path} well`, `begin ${directory}`, `end ${directory} well`];
    expect(events).toEqual(wanted);
  });

  // The device takes no byte, and cannot be synced: a full disk and a failing one without either.
  it.runIf(hasFullDevice)("says that the disk is full, and uses no file whose sync has failed", async () => {
    const failures: (ErrorCode | undefined)[] = [];
    const disk = createDisk({ fsyncObserver: () => (error) => failures.push(error?.code) });
    const file = await disk.open("/dev/full", "readWrite");
    expect(await codeOf(file.write([utf8Bytes("x")], 0))).toBe("DISK_FULL");
    expect(await codeOf(file.datasync())).toBe("DISK_IO");
    expect(failures).toEqual(["DISK_IO"]);
    for (const use of [file.datasync(), file.write([utf8Bytes("x")], 0), file.read(new Uint8Array(1), 0)]) {
      await expect(use).rejects.toThrow(/\/dev\/full refused: an earlier datasync of it failed/);
    }
    await file.close();
  });
});

describe("the worker pool", () => {
  const task = (name: string) => ({ module: new URL("./fixtures/tasks.ts", import.meta.url).href, name });

  it("fails the task whose thread dies, and goes on with a new thread", async () => {
    const compute = createCompute({ threads: 1 });
    const dying = compute.run(task("die"), 0);
    const after = compute.run(task("pid"), 0);
    await expect(dying).rejects.toThrow(/the worker thread that ran die ended/);
    expect(await after).toBe(process.pid);
    await compute.close();
  });

  it("refuses more tasks than it may queue", async () => {
    const compute = createCompute({ threads: 1, maxQueued: 2 });
    const accepted = [1, 2, 3].map(() => compute.run(task("pause"), 20));
    expect(await codeOf(compute.run(task("pause"), 20))).toBe("OVERLOADED");
    expect(await Promise.all(accepted)).toEqual([20, 20, 20]);
    await compute.close();
  });

  it("finishes what it accepted before it closes, and takes nothing more", async () => {
    const compute = createCompute({ threads: 2 });
    const accepted = [1, 2, 3, 4].map(() => compute.run(task("pause"), 20));
    const closed = compute.close();
    expect(await codeOf(compute.run(task("pause"), 1))).toBe("SHUTTING_DOWN");
    expect(await Promise.all(accepted)).toEqual([20, 20, 20, 20]);
    await closed;
    await compute.close();
  });
});

describe("the logger", () => {
  it("refuses a file that it cannot open", () => {
    const destination = join(directory, "none", "node.log");
    expect(() => createLogger({ level: "info", destination, sync: true })).toThrow(`open of ${destination} failed`);
  });

  // Every write to the device fails like on a full disk.
  it.runIf(hasFullDevice)("goes on when its lines cannot be written", async () => {
    for (const sync of [true, false]) {
      const logger = createLogger({ level: "info", destination: "/dev/full", sync });
      for (let i = 0; i < 10; i++) logger.info("unheard");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
