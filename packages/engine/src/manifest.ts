import { type GroupNumber, hexBytes, RingtideError } from "@ringtide/common";
import type { FileIdentity, SnapshotManifest } from "./api.ts";
import { fileName } from "./directory.ts";
import { MAX_GROUP_STATE_BYTES } from "./records.ts";

/** Name of the file of a snapshot that has what the key-value store had. */
export const STATE_FILE = "state";
export const MANIFEST_FORMAT = 1;

const DIGEST = /^[0-9a-f]{16}$/;
const HEX = /^(?:[0-9a-f]{2})*$/;
const DATA_FILE = /^\d+-(\d{16})\.tsfile$/;

/**
 * The manifest of a snapshot of `group` that came over the network: FRAME_MALFORMED when it is anything else. Its names are safe to use
 * as file names then.
 */
export function checkManifest(value: unknown, group: GroupNumber): SnapshotManifest {
  const manifest = fieldsOf(value, "it is no object");
  if (manifest["format"] !== MANIFEST_FORMAT)
    throw new RingtideError("FORMAT_UNKNOWN", `manifest of a snapshot: format ${String(manifest["format"])}`);
  if (manifest["group"] !== group) fail(`it is of group ${String(manifest["group"])} where ${group} is asked for`);
  const index = wholeNumber(manifest["index"], "index");
  const groupState = manifest["groupState"];
  if (typeof groupState !== "string" || !HEX.test(groupState) || groupState.length > 2 * MAX_GROUP_STATE_BYTES)
    fail("its group state is no hexadecimal text");
  if (!Array.isArray(manifest["files"])) fail("it has no list of files");
  const files = manifest["files"].map((file) => checkFile(file, group, index));
  if (new Set(files.map(({ name }) => name)).size !== files.length) fail("it names a file twice");
  if (files.every(({ name }) => name !== STATE_FILE)) fail(`it has no file '${STATE_FILE}'`);
  return { format: MANIFEST_FORMAT, group, index, groupState, files };
}

function checkFile(value: unknown, group: GroupNumber, index: number): FileIdentity {
  const file = fieldsOf(value, "a file is no object");
  const { name, digest } = file;
  if (typeof name !== "string" || !isFileName(name, group, index)) fail(`'${String(name)}' is no file of it`);
  if (typeof digest !== "string" || !DIGEST.test(digest)) fail(`${name} has no digest`);
  return { name, sizeBytes: wholeNumber(file["sizeBytes"], `size of ${name}`), digest };
}

function isFileName(name: string, group: GroupNumber, index: number): boolean {
  if (name === STATE_FILE) return true;
  const position = Number(DATA_FILE.exec(name)?.[1]);
  return position <= index && fileName(group, position) === name;
}

function fieldsOf(value: unknown, problem: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) fail(problem);
  return { ...value };
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) fail(`${what} is no whole number`);
  return value;
}

function fail(problem: string): never {
  throw new RingtideError("FRAME_MALFORMED", `manifest of a snapshot: ${problem}`);
}

/** The data files of a manifest. */
export function dataFilesOf({ files }: SnapshotManifest): readonly FileIdentity[] {
  return files.filter(({ name }) => name !== STATE_FILE);
}

/** The group state of a manifest as the bytes that the host gave. */
export function groupStateOf({ groupState }: SnapshotManifest): Uint8Array {
  return hexBytes(groupState);
}
