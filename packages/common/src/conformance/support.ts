import { afterEach, beforeEach, expect } from "vitest";
import { type ErrorCode, hasCode } from "../errors.ts";
import { type Clock, sleep } from "../ports/index.ts";

/** What every maker of a port under test gives besides the port. */
export interface Disposable {
  dispose(): Promise<void>;
}

/** Makes a fresh fixture before each test of the enclosing describe, and disposes of it afterwards. */
export function fixture<T extends Disposable>(make: () => Promise<T>): () => T {
  let current: T | undefined;
  beforeEach(async () => {
    current = await make();
  });
  afterEach(async () => {
    await current?.dispose();
    current = undefined;
  });
  return () => {
    if (current === undefined) throw new Error("the fixture exists only inside of a test");
    return current;
  };
}

/** The promise fails with a RingtideError of one of these codes. */
export async function expectCode(work: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<void> {
  const failure = await work.then(
    (value) => ({ resolvedWith: value }),
    (error: unknown) => error,
  );
  expect(hasCode(failure, ...codes) ? "as expected" : failure, `expected ${codes.join(" or ")}`).toBe("as expected");
}

/** Waits until the condition holds; the test fails when it does not within `limitMs`. */
export async function eventually(
  clock: Clock,
  what: string,
  condition: () => boolean,
  limitMs = 10_000,
): Promise<void> {
  const endMs = clock.monotonicMs() + limitMs;
  while (!condition()) {
    if (clock.monotonicMs() > endMs) expect.fail(`not within ${limitMs} ms: ${what}`);
    await sleep(clock, 5);
  }
}

/** Bytes that differ from position to position, so that mixed-up parts show. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 17 + (i >>> 8)) & 0xff;
  return bytes;
}
