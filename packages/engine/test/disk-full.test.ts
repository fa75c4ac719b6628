import { readdirSync } from "node:fs";
import { type Disk, type DiskFile, type Kv, RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { describe, expect, it } from "vitest";
import { HastyClock } from "./support/clocks.ts";
import { expectedRows, insert, rows, rowsFrom, useHosts } from "./support/fixtures.ts";
import { overriding } from "./support/overriding.ts";

const start = useHosts();

const CALLS = ["create", "write", "datasync", "rename", "syncDir", "kv.write"] as const;

/** The real disk and store; the calls in `full` fail as on a full disk. */
class FillingPorts {
  readonly full = new Set<(typeof CALLS)[number]>();
  readonly disk: Disk;

  constructor() {
    const real = createDisk();
    this.disk = overriding(real, {
      open: async (path, mode) => {
        if (mode === "create") this.#room("create");
        return this.#wrapFile(await real.open(path, mode));
      },
      rename: async (from, to) => {
        this.#room("rename");
        await real.rename(from, to);
      },
      syncDir: async (path) => {
        this.#room("syncDir");
        await real.syncDir(path);
      },
    });
  }

  readonly wrapKv = (kv: Kv): Kv =>
    overriding(kv, {
      write: async (batch, options) => {
        this.#room("kv.write");
        await kv.write(batch, options);
      },
    });

  #room(call: (typeof CALLS)[number]): void {
    if (this.full.has(call)) throw new RingtideError("DISK_FULL", `${call} failed: ENOSPC`);
  }

  #wrapFile(file: DiskFile): DiskFile {
    return overriding(file, {
      write: async (parts, position) => {
        this.#room("write");
        await file.write(parts, position);
      },
      datasync: async () => {
        this.#room("datasync");
        await file.datasync();
      },
    });
  }
}

describe.each(CALLS)("a close for which the disk is full at %s", (call) => {
  it("waits for room, and is made as if nothing had been", async () => {
    const whole = await start();
    const clock = new HastyClock();
    const ports = new FillingPorts();
    const failures: unknown[] = [];
    const host = await start({
      disk: ports.disk,
      wrapKv: ports.wrapKv,
      clock,
      onFailure: (error) => failures.push(error),
    });
    for (const one of [whole, host]) {
      insert(one, rowsFrom(0, 100));
      one.apply({ kind: "deleteData", patterns: ["root.**"], from: 0n, to: 4n });
      await one.closeFile();
      insert(one, rowsFrom(50, 100));
    }
    ports.full.add(call);
    const waiting: boolean[] = [];
    clock.onWait = (count) => {
      waiting.push(host.engine.isDiskFull);
      insert(host, rowsFrom(1000 + count, 1));
      if (call !== "kv.write" && call !== "syncDir") expect(readdirSync(host.filesDirectory).length).toBe(1);
      if (count === 5) ports.full.clear();
    };
    host.append("close");
    host.append("close");
    await host.engine.settled();
    await whole.closeFile();
    expect(clock.waits).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(waiting).toEqual([true, true, true, true, true]);
    expect(host.engine.isDiskFull).toBe(false);
    expect(failures).toEqual([]);
    expect(host.engine.checkpointIndex).toBe(6);
    expect(host.engine.files()).toEqual(whole.engine.files());
    const expected = [...expectedRows(5, 145), ...expectedRows(1001, 5)];
    expect(await rows(host)).toEqual(expected);
    await host.restart();
    expect(await rows(host)).toEqual(expected);
  });

  it("does not hold up the end of the engine, and is made again from the log", async () => {
    const ports = new FillingPorts();
    const host = await start(ports);
    insert(host, rowsFrom(0, 100));
    ports.full.add(call);
    host.append("close");
    const settled = expect(host.engine.settled()).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    while (!host.engine.isDiskFull) await new Promise((resolve) => setImmediate(resolve));
    await host.stop();
    await settled;
    ports.full.clear();
    await host.open();
    await host.engine.settled();
    expect(host.engine.checkpointIndex).toBe(2);
    expect(await rows(host)).toEqual(expectedRows(0, 100));
  });
});
