import { MAX_PATH_LENGTH, PathPattern, RingtideError, splitPath, splitSeries } from "@ringtide/common";
import { checkBlock, MAX_BLOCK_COLUMNS } from "@ringtide/tsfile";
import type { Command, DeviceBlock, LooseRow, SchemaView } from "./api.ts";
import { decodeCommand } from "./commands.ts";

/**
 * The full check of a payload before it may enter the log: nothing that passes makes apply throw. `schema` only saves work:
 * names that it has are valid. Throws with a message that says what is wrong and where.
 */
export function checkPayload(payload: Uint8Array, schema: SchemaView, maxEntryBytes: number): void {
  if (payload.length > maxEntryBytes)
    throw new RingtideError(
      "TABLET_TOO_LARGE",
      `a write of ${payload.length} bytes, at most ${maxEntryBytes} are taken`,
    );
  checkCommand(decodeCommand(payload).command, schema);
}

function checkCommand(command: Command, schema: SchemaView): void {
  switch (command.kind) {
    case "insertBlocks":
      for (const block of command.blocks) checkDeviceBlock(block, schema);
      break;
    case "insertRows":
      for (const row of command.rows) checkRow(row, schema);
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

function checkDeviceBlock({ device, measurements, block }: DeviceBlock, schema: SchemaView): void {
  checkNames(device, measurements, schema);
  const { columnCount } = checkBlock(block);
  if (columnCount !== measurements.length)
    throw new RingtideError(
      "TABLET_SHAPE",
      `block of ${device}: ${measurements.length} measurements but ${columnCount} columns`,
    );
}

function checkRow({ device, measurements }: LooseRow, schema: SchemaView): void {
  if (measurements.length > MAX_BLOCK_COLUMNS)
    throw new RingtideError(
      "TABLET_SHAPE",
      `a row of ${device} has ${measurements.length} values, at most ${MAX_BLOCK_COLUMNS} are taken`,
    );
  checkNames(device, measurements, schema);
}

function checkNames(device: string, measurements: readonly string[], schema: SchemaView): void {
  if (measurements.length === 0) throw new RingtideError("TABLET_SHAPE", `a write to ${device} without measurements`);
  for (const measurement of measurements) {
    if (schema.find(device, measurement) !== undefined) continue;
    const path = `${device}.${measurement}`;
    if (path.length > MAX_PATH_LENGTH || splitSeries(path).measurement !== measurement)
      throw new RingtideError("PATH_INVALID", `'${measurement}' is no measurement: it has to be one node of a path`);
  }
  if (new Set(measurements).size !== measurements.length)
    throw new RingtideError("TABLET_SHAPE", `a write to ${device} names a measurement twice`);
}
