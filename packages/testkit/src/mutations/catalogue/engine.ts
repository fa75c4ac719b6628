import type { Mutation } from "../mutation.ts";

const SRC = "packages/engine/src";

/** What a replica makes of the log. */
export const APPLY_MUTATIONS: readonly Mutation[] = [
  {
    name: "repeat-applied-twice",
    file: `${SRC}/request-table.ts`,
    pattern: "    if (known !== undefined) return known;\n",
    replacement: "",
    what: "a repeated request takes effect again, over what others wrote meanwhile",
  },
  {
    name: "late-repeat-applied",
    file: `${SRC}/request-table.ts`,
    pattern: "if (request.sequence <= session.floor || mayBeApplied) return unknown(request);",
    replacement: "if (mayBeApplied) return unknown(request);",
    what: "a copy of a request that comes when its outcome was forgotten takes effect again",
  },
  {
    name: "request-table-not-in-the-checkpoint",
    file: `${SRC}/state.ts`,
    pattern: "requests: this.requests.encode(),",
    replacement: "requests: new RequestTable().encode(),",
    what: "the requests that took effect are forgotten by a restart",
  },
  {
    name: "apply-reads-state-of-its-node",
    file: `${SRC}/engine.ts`,
    pattern: "    return this.#state.requests.once(request, () =>",
    replacement:
      '    if (command.kind === "deleteData" && this.#state.memtable.sizeBytes === 0 && this.#closer.queue.length > 0) return { ok: true, affected: 0 };\n    return this.#state.requests.once(request, () =>',
    what: "a deletion that comes while this node writes a file, and memory is empty, is taken for one of nothing: on other nodes it is not",
  },
  {
    name: "delete-takes-later-writes",
    file: `${SRC}/tombstones.ts`,
    pattern: "one.index > index && one.from <= last",
    replacement: "one.from <= last",
    what: "a deletion takes points that were written after it",
  },
  {
    name: "delete-misses-open-rows",
    file: `${SRC}/state.ts`,
    pattern: "    this.#memtable.sealRowsOf(tombstone.deviceId);\n",
    replacement: "",
    what: "rows that are not encoded yet count as written after a deletion when another row follows it",
  },
  {
    name: "older-version-wins",
    file: `${SRC}/merge.ts`,
    pattern: "slices.sort((a, b) => a.version - b.version)",
    replacement: "slices.sort((a, b) => b.version - a.version)",
    what: "of two values for one point the older one is read",
  },
  {
    name: "files-over-memory",
    file: `${SRC}/engine.ts`,
    pattern: "[...files.flatMap((file) => file.sources(id)), ...inMemory]",
    replacement: "[...inMemory, ...files.flatMap((file) => file.sources(id))]",
    what: "a value in a file hides a later one that is still in memory",
  },
];

/** Files and checkpoints. */
export const FLUSH_MUTATIONS: readonly Mutation[] = [
  {
    name: "points-unreadable-during-a-flush",
    file: `${SRC}/closer.ts`,
    pattern: "const { index, captured } = closing;\n    const startMs",
    replacement:
      "const { index, captured } = closing;\n    this.#queue = this.#queue.filter((one) => one !== closing);\n    const startMs",
    what: "points leave memory before their file can be read",
  },
  {
    name: "flush-sees-later-deletions",
    file: `${SRC}/closer.ts`,
    pattern: "const earlier = tombstones.of(id).filter((one) => one.index < index);",
    replacement: "const earlier = tombstones.of(id);",
    what: "a file depends on what was applied while it was written: replicas write different bytes",
  },
  {
    name: "tombstone-lost-at-a-flush",
    file: `${SRC}/closer.ts`,
    pattern: "file.record.index < position &&",
    replacement: "file.record.index > position &&",
    what: "a flush drops deletions that older files still need: deleted points come back",
  },
  {
    name: "tombstone-not-in-the-checkpoint",
    file: `${SRC}/closer.ts`,
    pattern: "addedTombstones: captured.addedTombstones.filter((one) => !done.has(one)),",
    replacement: "addedTombstones: [],",
    what: "deletions are forgotten by a restart: deleted points come back",
  },
  {
    name: "checkpoint-not-synced",
    file: `${SRC}/store.ts`,
    pattern: "one.deviceId) });\n    await this.#kv.write(batch, { sync: true });",
    replacement: "one.deviceId) });\n    await this.#kv.write(batch, { sync: false });",
    what: "the log is cut behind a checkpoint that a power cut takes back",
  },
  {
    name: "data-file-fsync-skipped",
    file: "packages/tsfile/src/file/fileWriter.ts",
    pattern: "    await this.#file.datasync();\n",
    replacement: "",
    what: "the checkpoint names a data file that is only written, not on the disk",
  },
  {
    name: "data-file-checksum-ignored",
    file: "packages/tsfile/src/file/fileReader.ts",
    pattern: "if (crc32c(bytes) !== crc) throw corrupt(",
    replacement: "if (crc < 0) throw corrupt(",
    what: "a damaged data file is not noticed as such, so nobody repairs it",
  },
  {
    name: "damaged-file-read-as-empty",
    file: `${SRC}/data-file.ts`,
    pattern:
      "sources(deviceId: number): readonly Source[] {\n    if (this.#refusal !== undefined) throw this.#refusal;",
    replacement: "sources(deviceId: number): readonly Source[] {\n    if (this.#refusal !== undefined) return [];",
    what: "reads go on without a data file that is known to be damaged",
  },
  {
    name: "close-left-out-of-the-log-position",
    file: `${SRC}/closer.ts`,
    pattern:
      "tombstones.remove(Array.from(done));\n    this.#queue = this.#queue.slice(1);\n    this.#options.onDone(closing, file);",
    replacement:
      "tombstones.remove(Array.from(done));\n    this.#options.onDone(closing, undefined);\n    this.#queue = this.#queue.slice(1);",
    what: "a file that was written is not read before the next start",
  },
];
