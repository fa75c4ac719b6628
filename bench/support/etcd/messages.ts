/** The few messages of etcd's version 3 API that a put needs, in the wire format of protocol buffers. */

const LENGTH_DELIMITED = 2;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** PutRequest: key = 1, value = 2. */
export function encodePut(key: Uint8Array, value: Uint8Array): Buffer {
  const head = (field: number, bytes: Uint8Array) =>
    Buffer.from([field * 8 + LENGTH_DELIMITED, ...varint(bytes.length)]);
  return Buffer.concat([head(1, key), key, head(2, value), value]);
}

/** Number fields of a message and, as bytes, its embedded ones. Numbers above 2^53 lose their last digits: identities stay good enough to compare. */
function decodeFields(bytes: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const next = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = next();
    const value = next();
    if (tag % 8 !== LENGTH_DELIMITED) {
      fields.set(Math.floor(tag / 8), value);
      continue;
    }
    fields.set(Math.floor(tag / 8), bytes.subarray(at, at + value));
    at += value;
  }
  return fields;
}

/** The header of every answer: member_id = 2, revision = 3. */
export function headerOf(answer: Uint8Array): { readonly member: number; readonly revision: number } {
  const header = decodeFields(answer).get(1);
  const fields = header instanceof Uint8Array ? decodeFields(header) : undefined;
  return { member: Number(fields?.get(2) ?? 0), revision: Number(fields?.get(3) ?? 0) };
}

/** StatusResponse: leader = 4. */
export function leaderOf(status: Uint8Array): number {
  return Number(decodeFields(status).get(4) ?? 0);
}
