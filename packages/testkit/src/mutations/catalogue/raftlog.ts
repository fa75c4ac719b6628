import type { Mutation } from "../mutation.ts";

const SRC = "packages/raftlog/src";

export const RAFTLOG_MUTATIONS: readonly Mutation[] = [
  {
    name: "log-fsync-skipped",
    file: `${SRC}/committer.ts`,
    pattern: "    await segment.file.datasync();\n",
    replacement: "",
    what: "the log says that a batch is durable when it is only written",
  },
  {
    name: "log-directory-fsync-skipped",
    file: `${SRC}/committer.ts`,
    pattern: "    if (opensSegment) await disk.syncDir(directory);\n",
    replacement: "",
    what: "the directory is not synced after a new segment: a power cut takes the whole file",
  },
  {
    name: "log-checksum-ignored",
    file: `${SRC}/record.ts`,
    pattern: "return crc32c(bytes.subarray(at + CRC_BYTES, at + length)) === view.getUint32(at, true);",
    replacement: "return length > 0;",
    what: "damaged log records are read as if they were whole",
  },
  {
    name: "replaced-entries-back-after-a-restart",
    file: `${SRC}/replay.ts`,
    pattern: "else log.put(index, term,",
    replacement: "else if (index > log.lastIndex) log.put(index, term,",
    what: "recovery keeps the entries that were truncated, and drops those that took their place",
  },
  {
    name: "durable-damage-cut-as-a-torn-tail",
    file: `${SRC}/segment-scanner.ts`,
    pattern: "if (position === base + window.offset && durableUpTo > ",
    replacement: "if (position === base + window.offset && durableUpTo > Number.MAX_SAFE_INTEGER + ",
    what: "recovery cuts durable entries behind a damaged one silently, as if a crash had torn them",
  },
  {
    name: "damage-forgotten-by-a-restart",
    file: `${SRC}/replay.ts`,
    pattern: "      log.damaged = cut.damaged;\n",
    replacement: "",
    what: "a log that lost entries is trusted again after the next restart, before it has caught up",
  },
  {
    name: "hard-state-of-the-log-alone",
    file: `${SRC}/recovery.ts`,
    pattern: "log.hardState = laterHardState(inLog, other);",
    replacement: "log.hardState = inLog;",
    what: "recovery does not look at the second place of the hard state: a vote is lost with the end of the log",
  },
  {
    name: "log-cut-not-synced-before-the-unlink",
    file: `${SRC}/cutter.ts`,
    pattern: "    await cutFile.write();\n    await this.#unlink(segments.takeBefore(firstKept));",
    replacement: "    await this.#unlink(segments.takeBefore(firstKept));\n    await cutFile.write();",
    what: "segments are removed before the file that says so is written: a crash in between leaves a log with a hole",
  },
];
