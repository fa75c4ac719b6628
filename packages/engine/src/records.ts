import { ByteReader, ByteWriter } from "@ringtide/common";
import type { DataType } from "@ringtide/tsfile";
import type { Series } from "./api.ts";
import type { Tombstone } from "./tombstones.ts";

/*
 * Values in the key-value store. Each begins with a format version; anything else than these bytes is FRAME_MALFORMED,
 * which the loader reports as DISK_CORRUPT.
 */
const VERSION = 1;

function open(bytes: Uint8Array, what: string): ByteReader {
  const reader = new ByteReader(bytes, what);
  const version = reader.u8();
  if (version !== VERSION) reader.fail(`unknown version ${version}`);
  return reader;
}

/** A device with its series, as stored. */
export interface StoredDevice {
  readonly id: number;
  readonly path: string;
  readonly series: readonly Series[];
}

export function encodeDevice({ path, series }: StoredDevice): Uint8Array {
  const writer = new ByteWriter(64 + path.length + series.length * 48);
  writer.u8(VERSION).text(path).u32(series.length);
  for (const { id, measurement, type, encoding, compression } of series)
    writer.u53(id).text(measurement).u8(type).text(encoding).text(compression);
  return writer.finish();
}

export function decodeDevice(id: number, bytes: Uint8Array): StoredDevice {
  const reader = open(bytes, `schema of device ${id}`);
  const device = reader.text();
  const count = reader.count(21);
  const series: Series[] = [];
  for (let i = 0; i < count; i++) {
    series.push({
      id: reader.u53(),
      device,
      measurement: reader.text(),
      type: reader.u8() as DataType,
      encoding: reader.text(),
      compression: reader.text(),
    });
  }
  reader.end();
  return { id, path: device, series };
}

/** State of the whole group up to a log position. */
export interface Checkpoint {
  readonly index: number;
  readonly nextDeviceId: number;
  readonly nextSeriesId: number;
}

export function encodeCheckpoint({ index, nextDeviceId, nextSeriesId }: Checkpoint): Uint8Array {
  return new ByteWriter(32).u8(VERSION).u53(index).u53(nextDeviceId).u53(nextSeriesId).finish();
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const reader = open(bytes, "checkpoint");
  const checkpoint = { index: reader.u53(), nextDeviceId: reader.u53(), nextSeriesId: reader.u53() };
  reader.end();
  return checkpoint;
}

/** What the host keeps with a checkpoint. Bounded because it is one value of the store. */
export const MAX_GROUP_STATE_BYTES = 64 * 1024;

export function encodeGroupState(bytes: Uint8Array): Uint8Array {
  return new ByteWriter(8 + bytes.length).u8(VERSION).bytes(bytes).finish();
}

export function decodeGroupState(value: Uint8Array): Uint8Array {
  const reader = open(value, "state of the group's host");
  const bytes = reader.bytes();
  reader.end();
  return bytes;
}

/** A data file of the manifest; its name follows from group and index. */
export interface FileRecord {
  readonly index: number;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly points: number;
}

export function encodeFile({ sizeBytes, digest, points }: FileRecord): Uint8Array {
  return new ByteWriter(128).u8(VERSION).u53(sizeBytes).text(digest).u53(points).finish();
}

export function decodeFile(index: number, bytes: Uint8Array): FileRecord {
  const reader = open(bytes, `manifest of file ${index}`);
  const file = { index, sizeBytes: reader.u53(), digest: reader.text(), points: reader.u53() };
  reader.end();
  return file;
}

export function encodeTombstone({ seriesIds, from, to }: Tombstone): Uint8Array {
  const writer = new ByteWriter(32 + seriesIds.size * 8);
  writer.u8(VERSION).i64(from).i64(to).u32(seriesIds.size);
  for (const id of seriesIds) writer.u53(id);
  return writer.finish();
}

export function decodeTombstone(index: number, deviceId: number, bytes: Uint8Array): Tombstone {
  const reader = open(bytes, `tombstone ${index} of device ${deviceId}`);
  const from = reader.i64();
  const to = reader.i64();
  const count = reader.count(8);
  const seriesIds = new Set<number>();
  for (let i = 0; i < count; i++) seriesIds.add(reader.u53());
  reader.end();
  return { index, deviceId, seriesIds, from, to };
}
