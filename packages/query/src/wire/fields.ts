import type { ByteReader, ByteWriter } from "@ringtide/common";

/** Fields that the messages of this package are made of: lists, optional values and choices from a fixed list. */

export function writeList<T>(out: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  out.u32(items.length);
  items.forEach(write);
}

/** `minBytesEach` bounds the count by the bytes that are there. */
export function readList<T>(input: ByteReader, minBytesEach: number, read: () => T): T[] {
  const count = input.count(minBytesEach);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}

export function writeOptional<T>(out: ByteWriter, value: T | undefined, write: (value: T) => void): void {
  out.u8(value === undefined ? 0 : 1);
  if (value !== undefined) write(value);
}

export function readOptional<T>(input: ByteReader, read: () => T): T | undefined {
  return input.u8() === 1 ? read() : undefined;
}

export function writeChoice<T extends string>(out: ByteWriter, choices: readonly T[], choice: T): void {
  out.u8(choices.indexOf(choice));
}

export function choiceFrom<T extends string>(input: ByteReader, choices: readonly T[]): T {
  const at = input.u8();
  const choice = choices[at];
  if (choice === undefined) input.fail(`${at} is none of ${choices.join(", ")}`);
  return choice as T;
}
