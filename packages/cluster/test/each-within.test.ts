import { systemClock } from "@ringtide/common/node";
import { expect, it } from "vitest";
import { eachWithin } from "../src/each-within.ts";

it("gives up on a source that falls silent, and ends it, instead of waiting with it", async () => {
  let isOpen = false;
  /** As a call does that hears nothing: it goes on when its signal says so. */
  async function* silent(ended: AbortSignal): AsyncGenerator<number> {
    isOpen = true;
    try {
      yield 1;
      await new Promise((_, reject) => ended.addEventListener("abort", () => reject(ended.reason)));
    } finally {
      isOpen = false;
    }
  }
  const got: number[] = [];
  const options = { clock: systemClock, timeoutMs: () => 50, what: "the source", signal: new AbortController().signal };
  const read = async () => {
    for await (const item of eachWithin(silent, options)) got.push(item);
  };
  await expect(read()).rejects.toMatchObject({ code: "NET_TIMEOUT" });
  expect(got).toEqual([1]);
  expect(isOpen).toBe(false);
});
