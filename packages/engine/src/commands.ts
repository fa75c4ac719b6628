import { ByteReader, ByteWriter, type RequestId, RingtideError } from "@ringtide/common";
import { DataType, MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import type { Command, DecodedCommand, DeviceBlock, LooseRow, LooseValue, SeriesDefinition } from "./api.ts";

/*
 * Payload of a log entry:
 *   u8 format version, u8 flags (1 = has a request, 2 = it may be a retry),
 *   [u53 session, u53 sequence, u53 acknowledged], u8 command kind, body.
 * Lists are a u32 count and the items; texts and blocks a u32 length and the bytes.
 */
const PAYLOAD_VERSION = 1;
const HAS_REQUEST = 1;
const IS_RETRY = 2;
/** Three u53. */
const REQUEST_BYTES = 24;

const KIND_CODES = {
  insertBlocks: 1,
  insertRows: 2,
  createSeries: 3,
  deleteSeries: 4,
  deleteData: 5,
  dropStorageGroup: 6,
} as const satisfies Record<Command["kind"], number>;

const VALUE_CODES = { null: 0, boolean: 1, integer: 2, decimal: 3, text: 4 } as const satisfies Record<
  LooseValue["kind"],
  number
>;

const TYPE_COUNT = Object.keys(DataType).length;
const ITEM_OVERHEAD_BYTES = 32;

/**
 * A command as the payload of a log entry, in a buffer that belongs to the caller. Blocks are copied once.
 * Throws TIME_OUT_OF_RANGE or VALUE_OUT_OF_RANGE when a time or a whole number does not fit in signed 64 bits.
 */
export function encodeCommand(request: RequestId | undefined, command: Command): Uint8Array {
  const writer = new ByteWriter(estimateBytes(command));
  writer.u8(PAYLOAD_VERSION);
  if (request === undefined) {
    writer.u8(0);
  } else {
    writer.u8(request.retry ? HAS_REQUEST | IS_RETRY : HAS_REQUEST);
    writer.u53(request.session).u53(request.sequence).u53(request.acknowledged);
  }
  writer.u8(KIND_CODES[command.kind]);
  writeBody(writer, command);
  return writer.view();
}

/** Large enough for ASCII names, so that the writer seldom grows and little is wasted. */
function estimateBytes(command: Command): number {
  let bytes = 128;
  if (command.kind === "insertBlocks") {
    for (const { device, measurements, block } of command.blocks) {
      bytes += block.length + device.length + ITEM_OVERHEAD_BYTES;
      for (const measurement of measurements) bytes += measurement.length + 4;
    }
  } else if (command.kind === "insertRows") {
    for (const row of command.rows) bytes += row.device.length + row.values.length * ITEM_OVERHEAD_BYTES;
  }
  return bytes;
}

function writeBody(writer: ByteWriter, command: Command): void {
  switch (command.kind) {
    case "insertBlocks":
      writer.u32(command.blocks.length);
      for (const { device, measurements, block } of command.blocks) {
        writeTexts(writer.text(device), measurements);
        writer.bytes(block);
      }
      break;
    case "insertRows":
      writer.u32(command.rows.length);
      for (const row of command.rows) writeRow(writer, row);
      break;
    case "createSeries":
      writer.u32(command.series.length);
      for (const { path, type, encoding, compression } of command.series)
        writer.text(path).u8(type).text(encoding).text(compression);
      break;
    case "deleteSeries":
      writeTexts(writer, command.patterns);
      break;
    case "deleteData":
      writeTexts(writer, command.patterns);
      writeTime(writeTime(writer, command.from), command.to);
      break;
    case "dropStorageGroup":
      writer.text(command.storageGroup);
      break;
  }
}

function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.u32(texts.length);
  for (const text of texts) writer.text(text);
}

function writeTime(writer: ByteWriter, time: bigint): ByteWriter {
  if (time < MIN_TIME || time > MAX_TIME)
    throw new RingtideError("TIME_OUT_OF_RANGE", `time ${time} does not fit in signed 64 bits`);
  return writer.i64(time);
}

function writeRow(writer: ByteWriter, row: LooseRow): void {
  if (row.measurements.length !== row.values.length)
    throw new RingtideError(
      "TABLET_SHAPE",
      `row of ${row.device}: ${row.measurements.length} measurements but ${row.values.length} values`,
    );
  writeTime(writer.text(row.device), row.time).u32(row.values.length);
  row.values.forEach((value, i) => {
    writeValue(writer.text(row.measurements[i] as string), value);
  });
}

function writeValue(writer: ByteWriter, value: LooseValue): void {
  writer.u8(VALUE_CODES[value.kind]);
  switch (value.kind) {
    case "null":
      break;
    case "boolean":
      writer.u8(value.value ? 1 : 0);
      break;
    case "integer":
      if (BigInt.asIntN(64, value.value) !== value.value)
        throw new RingtideError("VALUE_OUT_OF_RANGE", `whole number ${value.value} does not fit in signed 64 bits`);
      writer.i64(value.value);
      break;
    case "decimal":
      writer.f64(value.value);
      break;
    case "text":
      writer.text(value.value);
      break;
  }
}

/** True when the payload adds rows; cheap, and true of nothing that is malformed. */
export function addsRows(payload: Uint8Array): boolean {
  const kind = payload[(payload[1] ?? 0) === 0 ? 2 : 2 + REQUEST_BYTES];
  return kind === KIND_CODES.insertBlocks || kind === KIND_CODES.insertRows;
}

/**
 * Reads what encodeCommand wrote; `block`s are views of `payload`. FRAME_MALFORMED when the bytes are no command,
 * FORMAT_UNKNOWN when they are of a later version.
 */
export function decodeCommand(payload: Uint8Array): DecodedCommand {
  const reader = new ByteReader(payload, "command");
  const version = reader.u8();
  if (version !== PAYLOAD_VERSION) throw new RingtideError("FORMAT_UNKNOWN", `command of format version ${version}`);
  const request = readRequest(reader);
  const command = readBody(reader);
  reader.end();
  return { request, command };
}

function readRequest(reader: ByteReader): RequestId | undefined {
  const flags = reader.u8();
  if (flags === 0) return undefined;
  if ((flags & ~IS_RETRY) !== HAS_REQUEST) reader.fail(`flags ${flags}`);
  const session = reader.u53();
  const sequence = reader.u53();
  const acknowledged = reader.u53();
  if (session === 0 || sequence === 0) reader.fail("a request without session or sequence");
  return { session, sequence, acknowledged, retry: (flags & IS_RETRY) !== 0 };
}

function readBody(reader: ByteReader): Command {
  const kind = reader.u8();
  switch (kind) {
    case KIND_CODES.insertBlocks:
      return { kind: "insertBlocks", blocks: readList(reader, 12, readDeviceBlock) };
    case KIND_CODES.insertRows:
      return { kind: "insertRows", rows: readList(reader, 16, readRow) };
    case KIND_CODES.createSeries:
      return { kind: "createSeries", series: readList(reader, 13, readDefinition) };
    case KIND_CODES.deleteSeries:
      return { kind: "deleteSeries", patterns: readTexts(reader) };
    case KIND_CODES.deleteData:
      return { kind: "deleteData", patterns: readTexts(reader), from: reader.i64(), to: reader.i64() };
    case KIND_CODES.dropStorageGroup:
      return { kind: "dropStorageGroup", storageGroup: reader.text() };
    default:
      return reader.fail(`unknown command kind ${kind}`);
  }
}

function readList<T>(reader: ByteReader, minBytesEach: number, readItem: (reader: ByteReader) => T): T[] {
  const count = reader.count(minBytesEach);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(readItem(reader));
  return items;
}

function readText(reader: ByteReader): string {
  return reader.text();
}

function readTexts(reader: ByteReader): string[] {
  return readList(reader, 4, readText);
}

function readDeviceBlock(reader: ByteReader): DeviceBlock {
  return { device: reader.text(), measurements: readTexts(reader), block: reader.bytes() };
}

function readRow(reader: ByteReader): LooseRow {
  const device = reader.text();
  const time = reader.i64();
  const count = reader.count(5);
  const measurements: string[] = [];
  const values: LooseValue[] = [];
  for (let i = 0; i < count; i++) {
    measurements.push(reader.text());
    values.push(readValue(reader));
  }
  return { device, time, measurements, values };
}

function readValue(reader: ByteReader): LooseValue {
  const code = reader.u8();
  switch (code) {
    case VALUE_CODES.null:
      return { kind: "null" };
    case VALUE_CODES.boolean: {
      const value = reader.u8();
      return value <= 1 ? { kind: "boolean", value: value === 1 } : reader.fail(`boolean ${value}`);
    }
    case VALUE_CODES.integer:
      return { kind: "integer", value: reader.i64() };
    case VALUE_CODES.decimal:
      return { kind: "decimal", value: reader.f64() };
    case VALUE_CODES.text:
      return { kind: "text", value: reader.text() };
    default:
      return reader.fail(`unknown value kind ${code}`);
  }
}

function readDefinition(reader: ByteReader): SeriesDefinition {
  const path = reader.text();
  const type = reader.u8();
  if (type >= TYPE_COUNT) reader.fail(`unknown data type ${type}`);
  return { path, type: type as DataType, encoding: reader.text(), compression: reader.text() };
}
