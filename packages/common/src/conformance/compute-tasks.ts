import { RingtideError } from "../errors.ts";

// Functions that the Compute suite runs, on a worker thread or inline.

export function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}

export async function doubled(values: Float64Array): Promise<Float64Array> {
  return values.map((value) => value * 2);
}

/** Changes its input, which its caller must not see. */
export function spoil(values: Float64Array): number {
  values.fill(-1);
  return values.length;
}

export function failWithCode(at: number): never {
  throw new RingtideError("BLOCK_MALFORMED", "no block", { details: { at } });
}

export function failPlainly(): never {
  throw new TypeError("a bug");
}

export function unclonable(): () => void {
  return () => undefined;
}

export const noFunction = 1;
