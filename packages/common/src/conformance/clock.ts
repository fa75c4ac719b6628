import { describe, expect, it } from "vitest";
import { type Clock, sleep, yieldTurn } from "../ports/index.ts";
import { type Disposable, fixture } from "./support.ts";

export interface ClockFixture extends Disposable {
  /** Its time has to move by itself while a test waits. */
  readonly clock: Clock;
}

/** Registers the tests that every Clock has to pass. */
export function clockConformance(name: string, make: () => Promise<ClockFixture>): void {
  describe(`Clock: ${name}`, () => {
    const given = fixture(make);
    readings(given);
    timers(given);
  });
}

function readings(given: () => ClockFixture): void {
  it("never goes backwards, and moves while one sleeps", async () => {
    const { clock } = given();
    let lastMs = clock.monotonicMs();
    for (let i = 0; i < 10_000; i++) {
      const nowMs = clock.monotonicMs();
      expect(nowMs >= lastMs).toBe(true);
      lastMs = nowMs;
    }
    const wallMs = clock.wallMs();
    await sleep(clock, 20);
    expect(clock.monotonicMs() - lastMs).toBeGreaterThanOrEqual(20);
    expect(clock.wallMs()).toBeGreaterThan(wallMs);
  });

  it("has a whole number of milliseconds as wall time", () => {
    expect(Number.isSafeInteger(given().clock.wallMs())).toBe(true);
  });
}

function timers(given: () => ClockFixture): void {
  it("fires timers once, not before their time, in the order of their time", async () => {
    const { clock } = given();
    const fired: number[] = [];
    const startMs = clock.monotonicMs();
    for (const delayMs of [30, 0, 12.5, 3]) {
      clock.setTimer(delayMs, () => {
        expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(delayMs);
        fired.push(delayMs);
      });
    }
    await sleep(clock, 60);
    expect(fired).toEqual([0, 3, 12.5, 30]);
  });

  it("never runs a timer inside of the call that sets it", () => {
    let fired = false;
    const timer = given().clock.setTimer(0, () => {
      fired = true;
    });
    expect(fired).toBe(false);
    timer.cancel();
  });

  it("does not fire what is cancelled; cancelling again, or late, is harmless", async () => {
    const { clock } = given();
    let fired = 0;
    const cancelled = clock.setTimer(5, () => fired++);
    const kept = clock.setTimer(5, () => fired++);
    cancelled.cancel();
    cancelled.cancel();
    await sleep(clock, 20);
    kept.cancel();
    expect(fired).toBe(1);
  });

  it("waits with delays longer than a month", async () => {
    const { clock } = given();
    let fired = false;
    const timer = clock.setTimer(40 * 86_400_000, () => {
      fired = true;
    });
    await sleep(clock, 10);
    expect(fired).toBe(false);
    timer.cancel();
  });

  it("lets due timers run before a turn ends", async () => {
    const { clock } = given();
    let fired = false;
    await sleep(clock, 1);
    clock.setTimer(0, () => {
      fired = true;
    });
    const untilMs = clock.monotonicMs() + 1000;
    while (!fired && clock.monotonicMs() < untilMs) await yieldTurn(clock);
    expect(fired).toBe(true);
  });

  it("wakes a sleeper with the reason of its signal", async () => {
    const abort = new AbortController();
    const asleep = sleep(given().clock, 60_000, abort.signal);
    abort.abort(new Error("wake up"));
    await expect(asleep).rejects.toThrow("wake up");
    await expect(sleep(given().clock, 1, abort.signal)).rejects.toThrow("wake up");
  });
}
