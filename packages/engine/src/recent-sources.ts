import type { Source } from "./source.ts";

/** Parsed index entries that are kept over all files, about half a kilobyte each. */
const MAX_BLOCKS = 16_384;

/** Index entries of the devices that were read last: parsing them again for each read costs more than a small read does. */
export class RecentSources {
  /** By owner and device, oldest use first. */
  readonly #lists = new Map<string, readonly Source[]>();
  #owners = 0;
  #blocks = 0;

  /** A number for an open file, under which its sources are kept. */
  addOwner(): number {
    return ++this.#owners;
  }

  /** The sources that a file has of a device, made by `parse` when they are not at hand. */
  get(owner: number, deviceId: number, parse: () => readonly Source[]): readonly Source[] {
    const key = `${owner}/${deviceId}`;
    const known = this.#lists.get(key);
    if (known !== undefined) {
      this.#lists.delete(key);
      this.#lists.set(key, known);
      return known;
    }
    const sources = parse();
    this.#lists.set(key, sources);
    this.#blocks += sources.length;
    for (const [oldest, { length }] of this.#lists) {
      if ((this.#blocks <= MAX_BLOCKS && this.#lists.size <= MAX_BLOCKS) || this.#lists.size === 1) break;
      this.#lists.delete(oldest);
      this.#blocks -= length;
    }
    return sources;
  }
}
