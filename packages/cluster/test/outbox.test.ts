import { type Clock, type MessageStream, nullLogger, utf8Bytes } from "@ringtide/common";
import { expect, it } from "vitest";
import { Outbox } from "../src/outbox.ts";

/** A clock that is moved by hand. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: { readonly dueMs: number; readonly callback: () => void }[] = [];
  monotonicMs = () => this.#nowMs;
  wallMs = () => this.#nowMs;
  nextTurn = (callback: () => void) => queueMicrotask(callback);
  setTimer(delayMs: number, callback: () => void) {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ dueMs }) => dueMs > this.#nowMs);
    for (const { callback } of due) callback();
  }
}

/** Streams that take everything, and break when told. */
class Streams {
  opened = 0;
  break: () => void = () => undefined;
  open = (): MessageStream => {
    this.opened++;
    return {
      write: () => true,
      drained: () => Promise.resolve(),
      queuedBytes: 0,
      onMessage: () => undefined,
      onClose: (handler) => {
        this.break = () => handler(new Error("broken"));
      },
      close: () => undefined,
      pause: () => undefined,
    };
  };
}

it("pauses for longer from break to break, and shortly again after a stream that lived", async () => {
  const clock = new HandClock();
  const streams = new Streams();
  const outbox = new Outbox<string>({
    open: streams.open,
    encode: (items) => utf8Bytes(items.join()),
    sizeOf: (item) => item.length,
    maxBatchBytes: 100,
    maxQueuedBytes: 1000,
    onLoss: () => undefined,
    clock,
    logger: nullLogger,
  });
  /** Sends every 10 ms until a stream is opened for it; how long that took. */
  const pauseMs = async () => {
    const before = streams.opened;
    for (let waitedMs = 0; ; waitedMs += 10) {
      outbox.send("x");
      await Promise.resolve();
      if (streams.opened > before) return waitedMs;
      clock.advance(10);
    }
  };
  await pauseMs();
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    streams.break();
    pauses.push(await pauseMs());
  }
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
  clock.advance(60_000);
  streams.break();
  expect(await pauseMs()).toBe(50);
  outbox.close();
});
