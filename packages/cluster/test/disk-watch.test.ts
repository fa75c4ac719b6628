import { type Clock, nullLogger, RingtideError, type Timer } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { expect, it } from "vitest";
import { DiskWatch } from "../src/disk-watch.ts";
import { wrapDisk } from "./support/wrap-disk.ts";

/** Time that stands until the test moves it. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  nextTurn(callback: () => void): void {
    setImmediate(callback);
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { callback } of due) callback();
    await new Promise((done) => setImmediate(done));
  }
}

function watch(free: Map<string, number>, replaceFile: () => Promise<void> = () => Promise.resolve()) {
  const clock = new HandClock();
  const space = (path: string) => Promise.resolve({ freeBytes: free.get(path) ?? 0, totalBytes: 10_000 });
  const disk = wrapDisk(createDisk(), { space, replaceFile });
  const directories = ["data", "log"];
  const options = { disk, clock, logger: nullLogger, directories, lowWaterBytes: 1000, reserveBytes: 100 };
  return { clock, watch: new DiskWatch(options) };
}

it("takes the fullest of its directories, and comes back to a level only with a tenth more room", async () => {
  const free = new Map([
    ["data", 5000],
    ["log", 5000],
  ]);
  const { clock, watch: disk } = watch(free);
  const levels: number[] = [];
  disk.onChange((level) => levels.push(level));
  await disk.start();
  const steps: [string, number, number][] = [
    ["log", 999, 1],
    ["log", 1050, 1],
    ["log", 99, 2],
    ["data", 900, 2],
    ["log", 105, 2],
    ["log", 111, 1],
    ["log", 2000, 1],
    ["data", 1101, 0],
  ];
  for (const [directory, bytes, level] of steps) {
    free.set(directory, bytes);
    await clock.pass(1000);
    expect(disk.level, `${directory} ${bytes}`).toBe(level);
  }
  expect(levels).toEqual([1, 2, 1, 0]);
  disk.stop();
});

it("takes the disk for full as soon as a write does not fit, and for a while after, whatever is said to be free", async () => {
  const free = new Map([
    ["data", 5000],
    ["log", 5000],
  ]);
  const { clock, watch: disk } = watch(free, () => Promise.reject(new RingtideError("DISK_FULL", "quota")));
  await disk.start();
  expect(disk.level).toBe(0);
  await expect(disk.disk.replaceFile("x", new Uint8Array(1))).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(disk.level).toBe(2);
  await clock.pass(4000);
  expect(disk.level).toBe(2);
  await clock.pass(1001);
  expect(disk.level).toBe(0);
  disk.stop();
});
