import type { KvChange } from "@ringtide/common";

/**
 * Which part of a node a path or key belongs to: the first words of a failpoint's name. The first pattern that fits counts. A new kind
 * of file gets a row here, and rows in the catalogue.
 */
const FILES: readonly (readonly [pattern: RegExp, place: string])[] = [
  [/\/groups\/\d+\/.*\.incoming$/, "install"],
  [/\/incoming\//, "incoming"],
  [/\/snapshots\//, "snapshot"],
  [/\/identity\.json$/, "identity"],
  [/\/segment-\d+\.log$/, "log.segment"],
  [/\/hardstate$/, "log.hardstate"],
  [/\/cuts$/, "log.cuts"],
  [/\.tsfile(\.tmp)?$/, "file"],
];

const DIRECTORIES: readonly (readonly [pattern: RegExp, place: string])[] = [
  [/\/incoming\/\d+$/, "incoming.dir"],
  // Of one group, and of all.
  [/\/snapshots\/\d+$/, "snapshot.dir"],
  [/\/snapshots$/, "snapshots.dir"],
  [/\/repair(\/|$)/, "repair.dir"],
  [/\/groups\/\d+$/, "group.dir"],
  [/\/log$/, "log.dir"],
];

const KEYS: readonly (readonly [pattern: RegExp, place: string])[] = [
  [/^node\/uuid$/, "kv.identity"],
  // Only a snapshot takes the place of a checkpoint by deleting what there was.
  [/^-group\/\d+\/<1>/, "kv.install"],
  [/^meta\/state\//, "kv.meta"],
  // The tag behind the prefix: 1 is the checkpoint, which every batch of a close carries (packages/engine/src/keys.ts).
  [/^group\/\d+\/<1>/, "kv.checkpoint"],
  [/^-?group\/\d+\//, "kv.group"],
];

function placeOf(table: readonly (readonly [RegExp, string])[], text: string, otherwise: string): string {
  return table.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise;
}

export function placeOfFile(path: string): string {
  return placeOf(FILES, path, "other");
}

export function placeOfDirectory(path: string): string {
  return placeOf(DIRECTORIES, path, "data.dir");
}

/** The place of a batch: the first of the table that any of its keys has; those that it deletes begin with a minus. */
export function placeOfBatch(changes: readonly KvChange[]): string {
  const texts = changes.map(({ op, key }) => (op === "delete" ? `-${readable(key)}` : readable(key)));
  return KEYS.find(([pattern]) => texts.some((text) => pattern.test(text)))?.[1] ?? "kv.other";
}

/** Bytes that are no text are shown as `<number>`. */
function readable(key: Uint8Array): string {
  return Array.from(key, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : `<${byte}>`)).join("");
}
