/** One change of a batch. Keys are ordered as unsigned bytes. */
export type KvChange =
  | { readonly op: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly op: "delete"; readonly key: Uint8Array };

export interface KvRange {
  /** First key, inclusive; the first of all when left out. */
  readonly from?: Uint8Array;
  /** End, exclusive; past the last of all when left out. */
  readonly to?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** An ordered key-value store for what is looked up by key. Values are at most 1 MiB. */
export interface Kv {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Atomic, and in the order of the calls. With `sync` durable on return; without, durable with a later synced batch or a while later.
   * DISK_FULL: nothing of the batch took effect, or all of it; it may be repeated, and succeeds some time after there is room. DISK_IO: this
   * and all later writes fail.
   */
  write(changes: readonly KvChange[], options: { readonly sync: boolean }): Promise<void>;
  /** Entries of the range as of the call, in key order. */
  entries(range: KvRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  close(): Promise<void>;
}

/**
 * Opens the store in a directory, which it locks until `close` or the end of the process: a second opener gets
 * DATA_DIR_IN_USE. Damage is DISK_CORRUPT.
 */
export type OpenKv = (directory: string) => Promise<Kv>;
