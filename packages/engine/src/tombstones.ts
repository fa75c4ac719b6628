/** Deleted points of one device: those of `seriesIds` in [from, to] that were written before log position `index`. */
export interface Tombstone {
  readonly index: number;
  readonly deviceId: number;
  readonly seriesIds: ReadonlySet<number>;
  readonly from: bigint;
  readonly to: bigint;
}

const NONE: readonly Tombstone[] = [];

/** The deletions that data of one replica is still subject to, by device, oldest first. */
export class Tombstones {
  /** Lists are replaced, never changed in place: readers keep theirs. */
  readonly #byDevice = new Map<number, readonly Tombstone[]>();

  /** Tombstones of a device, oldest first; the list never changes. */
  of(deviceId: number): readonly Tombstone[] {
    return this.#byDevice.get(deviceId) ?? NONE;
  }

  add(tombstone: Tombstone): void {
    this.#byDevice.set(tombstone.deviceId, [...this.of(tombstone.deviceId), tombstone]);
  }

  all(): Tombstone[] {
    return Array.from(this.#byDevice.values()).flat();
  }

  remove(gone: readonly Tombstone[]): void {
    const set = new Set(gone);
    for (const { deviceId } of set) {
      const rest = this.of(deviceId).filter((tombstone) => !set.has(tombstone));
      if (rest.length === 0) this.#byDevice.delete(deviceId);
      else this.#byDevice.set(deviceId, rest);
    }
  }
}

/** Those of `tombstones` that delete points of a source of log position `index` with times in [first, last]. */
export function tombstonesOver(
  tombstones: readonly Tombstone[],
  index: number,
  first: bigint,
  last: bigint,
): readonly Tombstone[] {
  if (tombstones.length === 0) return NONE;
  return tombstones.filter((one) => one.index > index && one.from <= last && one.to >= first);
}
