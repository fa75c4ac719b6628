import { describe, expect, it } from "vitest";
import { Scheduler, SimClock } from "../src/index.ts";

describe("the scheduler", () => {
  it("runs events in the order of their moments, and of their making where that is equal", async () => {
    const scheduler = new Scheduler();
    const owner = scheduler.owner("a");
    const seen: string[] = [];
    for (const [delayMs, name] of [
      [5, "late"],
      [1, "first"],
      [1, "second"],
      [0.5, "early"],
    ] as const)
      owner.after(delayMs, name, () => seen.push(`${name} ${scheduler.nowMs}`));
    await scheduler.run(4);
    expect(seen).toEqual(["early 0.5", "first 1", "second 1"]);
    expect(scheduler.nowMs).toBe(4);
    await scheduler.run(10);
    expect(seen.at(-1)).toBe("late 5");
  });

  it("lets all promise reactions of an event happen before the next", async () => {
    const scheduler = new Scheduler();
    const owner = scheduler.owner("a");
    const seen: string[] = [];
    owner.after(1, "one", () => {
      const deep = async (depth: number): Promise<void> => (depth === 0 ? undefined : deep(depth - 1));
      void deep(100).then(() => process.nextTick(() => Promise.resolve().then(() => seen.push("reaction"))));
    });
    owner.after(1, "two", () => seen.push("two"));
    await scheduler.run(2);
    expect(seen).toEqual(["reaction", "two"]);
  });

  it("calls onStep when an event and its reactions are over", async () => {
    const scheduler = new Scheduler();
    const owner = scheduler.owner("a");
    let state = 0;
    const seen: string[] = [];
    scheduler.onStep = ({ atMs, owner: { name }, label }) => seen.push(`${name} ${label} ${atMs} ${state}`);
    owner.after(1, "sets", () => void Promise.resolve().then(() => state++));
    owner.after(2, "sets", () => void Promise.resolve().then(() => state++));
    await scheduler.run(3);
    expect(seen).toEqual(["a sets 1 1", "a sets 2 2"]);
  });

  it("holds back what a paused owner has pending, and goes on in its order", async () => {
    const scheduler = new Scheduler();
    const [a, b] = [scheduler.owner("a"), scheduler.owner("b")];
    const seen: string[] = [];
    a.after(1, "x", () => seen.push(`a1 ${scheduler.nowMs}`));
    a.after(2, "x", () => seen.push(`a2 ${scheduler.nowMs}`));
    b.after(3, "x", () => seen.push(`b ${scheduler.nowMs}`));
    a.pause();
    await scheduler.run(5);
    expect(seen).toEqual(["b 3"]);
    a.resume();
    a.after(0, "x", () => seen.push(`a3 ${scheduler.nowMs}`));
    await scheduler.run(6);
    expect(seen).toEqual(["b 3", "a1 5", "a2 5", "a3 5"]);
  });

  it("forgets what a dead owner has pending", async () => {
    const scheduler = new Scheduler();
    const owner = scheduler.owner("a");
    const clock = new SimClock(scheduler, owner);
    let fired = 0;
    clock.setTimer(1, () => fired++);
    owner.pause();
    await scheduler.run(2);
    owner.end();
    owner.resume();
    clock.setTimer(1, () => fired++);
    await scheduler.run(10);
    expect(fired).toBe(0);
  });

  it("fails a run with what an event throws, naming it, unless somebody deals with it", async () => {
    const scheduler = new Scheduler();
    const owner = scheduler.owner("node1");
    const fail = () => {
      throw new Error("a bug");
    };
    owner.after(1, "timer", fail);
    await expect(scheduler.run(2)).rejects.toThrow("timer of node1 at 1.000 ms threw: a bug");
    scheduler.onUncaught = (_, { name }) => name === "node1";
    owner.after(1, "timer", fail);
    await scheduler.run(3);
  });

  it("ends a run when nothing is left to happen, and when no time passes any more", async () => {
    const scheduler = new Scheduler();
    expect(await scheduler.runUntil(() => false, 1e9)).toBe(false);
    await expect(scheduler.runFor(new Promise(() => undefined), 1e9)).rejects.toThrow("not done");
    const owner = scheduler.owner("a");
    const again = () => void owner.after(0, "again", again);
    again();
    await expect(scheduler.run(2e9)).rejects.toThrow("time stands still");
  });
});

describe("the clock", () => {
  it("has a rate of its own, and timers keep to it when that changes", async () => {
    const scheduler = new Scheduler();
    const clock = new SimClock(scheduler, scheduler.owner("a"), { rate: 1.02 });
    const fired: number[] = [];
    clock.setTimer(1020, () => fired.push(scheduler.nowMs));
    clock.setTimer(2040, () => fired.push(scheduler.nowMs));
    await scheduler.run(1500);
    clock.setRate(0.5);
    await scheduler.run(5000);
    expect(fired[0]).toBeCloseTo(1000, 1);
    expect(fired[1]).toBeCloseTo(1500 + 500 * 2 * 1.02, 1);
  });

  it("jumps with the wall clock only", async () => {
    const scheduler = new Scheduler();
    const clock = new SimClock(scheduler, scheduler.owner("a"));
    const [wallMs, monotonicMs] = [clock.wallMs(), clock.monotonicMs()];
    clock.jumpWall(-3_600_000);
    expect(clock.wallMs()).toBe(wallMs - 3_600_000);
    expect(clock.monotonicMs()).toBe(monotonicMs);
  });
});
