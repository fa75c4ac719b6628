import { openLevelKv } from "@ringtide/common/node";
import { expect, it } from "vitest";
import { readParts, writeParts } from "../src/kv-parts.ts";
import { temporaryDirectory } from "./support/nodes.ts";

it("keeps values larger than one entry may be, and leaves nothing of a longer one before", async () => {
  const directory = temporaryDirectory();
  const kv = await openLevelKv(`${directory.path}/kv`);
  try {
    expect(await readParts(kv, "meta/state")).toBeUndefined();
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    const count = await writeParts(kv, "meta/state", large, 0);
    expect(await readParts(kv, "meta/state")).toEqual({ value: large, count });
    const small = Uint8Array.of(1, 2, 3);
    expect(await writeParts(kv, "meta/state", small, count)).toBe(1);
    expect(await readParts(kv, "meta/state")).toEqual({ value: small, count: 1 });
  } finally {
    await kv.close();
    directory.remove();
  }
});
