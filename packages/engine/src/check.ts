import { MAX_PATH_LENGTH, PathPattern, RingtideError, splitPath, splitSeries } from "@ringtide/common";
import { checkBlock, MAX_BLOCK_COLUMNS, typeName } from "@ringtide/tsfile";
import type { Command, DeviceBlock, LooseRow, LooseValue, SchemaView, Series } from "./api.ts";
import { decodeCommand } from "./commands.ts";
import { castLoose, typeMismatch } from "./loose.ts";

/** What a check asks of a schema. */
type KnownSeries = Pick<SchemaView, "find">;

/**
 * The full check of a payload before it may enter the log: nothing that passes makes apply throw. `schema` saves work: names that it has
 * are valid. With `isCurrent` (the replica applied all that was acknowledged) it also refuses values of another type than their series
 * has, as apply would; not in a repeat, which may have taken effect under another schema. Throws with a message that says what is
 * wrong and where.
 */
export function checkPayload(
  payload: Uint8Array,
  schema: KnownSeries,
  maxEntryBytes: number,
  isCurrent: boolean,
): void {
  if (payload.length > maxEntryBytes)
    throw new RingtideError(
      "TABLET_TOO_LARGE",
      `a write of ${payload.length} bytes, at most ${maxEntryBytes} are taken`,
    );
  const { request, command } = decodeCommand(payload);
  checkCommand(command, schema, isCurrent && request?.retry !== true);
}

function checkCommand(command: Command, schema: KnownSeries, checksTypes: boolean): void {
  switch (command.kind) {
    case "insertBlocks":
      for (const block of command.blocks) checkDeviceBlock(block, schema, checksTypes);
      break;
    case "insertRows":
      for (const row of command.rows) checkRow(row, schema, checksTypes);
      break;
    case "createSeries":
      for (const { path } of command.series) splitSeries(path);
      break;
    case "deleteSeries":
      for (const pattern of command.patterns) new PathPattern(pattern);
      break;
    case "deleteData":
      for (const pattern of command.patterns) new PathPattern(pattern);
      if (command.from > command.to)
        throw new RingtideError("TIME_OUT_OF_RANGE", `a range from ${command.from} to ${command.to} has no times`);
      break;
    case "dropStorageGroup":
      splitPath(command.storageGroup);
      break;
  }
}

function checkDeviceBlock(
  { device, measurements, block }: DeviceBlock,
  schema: KnownSeries,
  checksTypes: boolean,
): void {
  const known = checkNames(device, measurements, schema);
  const view = checkBlock(block);
  if (view.columnCount !== measurements.length)
    throw new RingtideError(
      "TABLET_SHAPE",
      `block of ${device}: ${measurements.length} measurements but ${view.columnCount} columns`,
    );
  if (!checksTypes) return;
  known.forEach((series, i) => {
    if (series !== undefined && series.type !== view.type(i))
      throw typeMismatch(`${device}.${series.measurement}`, typeName(view.type(i)), typeName(series.type));
  });
}

function checkRow({ device, measurements, values }: LooseRow, schema: KnownSeries, checksTypes: boolean): void {
  if (measurements.length > MAX_BLOCK_COLUMNS)
    throw new RingtideError(
      "TABLET_SHAPE",
      `a row of ${device} has ${measurements.length} values, at most ${MAX_BLOCK_COLUMNS} are taken`,
    );
  const known = checkNames(device, measurements, schema);
  if (!checksTypes) return;
  known.forEach((series, i) => {
    if (series !== undefined) castLoose(values[i] as LooseValue, series.type, `${device}.${series.measurement}`);
  });
}

/** Returns the series that exist, one place a measurement. */
function checkNames(
  device: string,
  measurements: readonly string[],
  schema: KnownSeries,
): readonly (Series | undefined)[] {
  if (measurements.length === 0) throw new RingtideError("TABLET_SHAPE", `a write to ${device} without measurements`);
  const known = measurements.map((measurement) => schema.find(device, measurement));
  measurements.forEach((measurement, i) => {
    if (known[i] !== undefined) return;
    const path = `${device}.${measurement}`;
    if (path.length > MAX_PATH_LENGTH || splitSeries(path).measurement !== measurement)
      throw new RingtideError("PATH_INVALID", `'${measurement}' is no measurement: it has to be one node of a path`);
  });
  if (new Set(measurements).size !== measurements.length)
    throw new RingtideError("TABLET_SHAPE", `a write to ${device} names a measurement twice`);
  return known;
}
