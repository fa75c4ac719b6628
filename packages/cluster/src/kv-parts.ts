import { concatBytes, type Kv, type KvChange, utf8Bytes } from "@ringtide/common";

/** Values of a Kv are at most 1 MiB. */
const PART_BYTES = 512 * 1024;
const DIGITS = 6;

function keyOf(name: string, part: number): Uint8Array {
  return utf8Bytes(`${name}/${String(part).padStart(DIGITS, "0")}`);
}

/** All parts of a value that `writeParts` wrote; undefined when there is none. */
export async function readParts(
  kv: Kv,
  name: string,
): Promise<{ readonly value: Uint8Array; readonly count: number } | undefined> {
  const parts: Uint8Array[] = [];
  for await (const [, value] of kv.entries({ from: keyOf(name, 0), to: utf8Bytes(`${name}0`) })) parts.push(value); // "0" follows "/"
  return parts.length === 0 ? undefined : { value: concatBytes(parts), count: parts.length };
}

/** Writes a value of any size in parts, in place of the `oldCount` parts of the one before: atomic and durable. Returns its number of parts. */
export async function writeParts(kv: Kv, name: string, value: Uint8Array, oldCount: number): Promise<number> {
  const changes: KvChange[] = [];
  const count = Math.max(1, Math.ceil(value.length / PART_BYTES));
  for (let part = 0; part < count; part++) {
    changes.push({
      op: "put",
      key: keyOf(name, part),
      value: value.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
    });
  }
  for (let part = count; part < oldCount; part++) changes.push({ op: "delete", key: keyOf(name, part) });
  await kv.write(changes, { sync: true });
  return count;
}
