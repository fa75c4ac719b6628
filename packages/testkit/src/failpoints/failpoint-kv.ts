import { type Kv, type OpenKv, RingtideError } from "@ringtide/common";
import type { Failpoints } from "./failpoints.ts";
import { placeOfBatch } from "./places.ts";

/** Stores with a failpoint before and after each batch. */
export function failpointKv(inner: OpenKv, failpoints: Failpoints): OpenKv {
  return async (directory) => wrap(await inner(directory), directory, failpoints);
}

function wrap(kv: Kv, directory: string, failpoints: Failpoints): Kv {
  return {
    get: (key) => kv.get(key),
    entries: (range) => kv.entries(range),
    close: () => kv.close(),
    write: async (changes, options) => {
      const place = `${placeOfBatch(changes)}.write`;
      if (failpoints.isFull)
        throw new RingtideError("DISK_FULL", `write of the key-value store in ${directory} failed: no space left`);
      failpoints.reach(`${place}.before`);
      await failpoints.gate(place);
      await kv.write(changes, options);
      failpoints.reach(`${place}.after`);
    },
  };
}
