import { asRingtideError, type ErrorCode, PathPattern, splitSeries } from "@ringtide/common";
import type { ApplyOutcome, Command, Series, SeriesDefinition } from "./api.ts";
import { Creations } from "./creations.ts";
import { insertBlocks, insertRows } from "./inserts.ts";
import type { Schema } from "./schema.ts";
import type { ReplicaState } from "./state.ts";

/** What a command may be refused with at apply; anything else that is thrown stops the group. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "PATH_INVALID",
  "PATH_NOT_FOUND",
  "SERIES_EXISTS",
  "TYPE_MISMATCH",
  "VALUE_OUT_OF_RANGE",
]);

/** Applies one command at a log position: all of it, or nothing with the reason as outcome. The same on every replica. */
export function applyCommand(state: ReplicaState, index: number, command: Command, autoCreate: boolean): ApplyOutcome {
  try {
    return { ok: true, affected: perform(state, index, command, autoCreate) };
  } catch (thrown) {
    const error = asRingtideError(thrown);
    if (!REFUSALS.has(error.code)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

function perform(state: ReplicaState, index: number, command: Command, autoCreate: boolean): number {
  switch (command.kind) {
    case "insertBlocks":
      return insertBlocks(state, index, command.blocks, autoCreate);
    case "insertRows":
      return insertRows(state, index, command.rows, autoCreate);
    case "createSeries":
      return createSeries(state, command.series);
    case "deleteSeries":
      return deleteSeries(state, command.patterns);
    case "deleteData":
      return deleteData(state, index, command.patterns, command.from, command.to);
    case "dropStorageGroup":
      return deleteSeries(state, [command.storageGroup]);
  }
}

function createSeries(state: ReplicaState, definitions: readonly SeriesDefinition[]): number {
  const creations = new Creations(state.schema);
  for (const { path, type, encoding, compression } of definitions) {
    const { device, measurement } = splitSeries(path);
    creations.plan(device, measurement, type, encoding, compression);
  }
  return state.create(creations);
}

function deleteSeries(state: ReplicaState, patterns: readonly string[]): number {
  const matched = matchAll(state.schema, patterns);
  for (const series of matched) state.deleteSeries(series);
  return matched.size;
}

/** Returns the series that got a tombstone. */
function deleteData(state: ReplicaState, index: number, patterns: readonly string[], from: bigint, to: bigint): number {
  const byDevice = new Map<number, Set<number>>();
  const matched = from > to ? new Set<Series>() : matchAll(state.schema, patterns);
  for (const { device, id } of matched) {
    const deviceId = state.schema.device(device)?.id ?? 0;
    const ids = byDevice.get(deviceId);
    if (ids === undefined) byDevice.set(deviceId, new Set([id]));
    else ids.add(id);
  }
  for (const [deviceId, seriesIds] of byDevice) state.deletePoints({ index, deviceId, seriesIds, from, to });
  return matched.size;
}

function matchAll(schema: Schema, patterns: readonly string[]): Set<Series> {
  const matched = new Set<Series>();
  for (const text of patterns)
    for (const series of schema.match(new PathPattern(text), { prefix: true })) matched.add(series);
  return matched;
}
