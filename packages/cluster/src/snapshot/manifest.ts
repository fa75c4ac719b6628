import { RingtideError } from "@ringtide/common";
import type { SnapshotManifest } from "@ringtide/engine";

/** Bounds what a peer can make this node do. */
const MAX_FILES = 1_000_000;
const NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
const HEX = /^(?:[0-9a-f]{2})*$/;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFile(file: SnapshotManifest["files"][number]): boolean {
  return (
    typeof file === "object" &&
    file !== null &&
    typeof file.name === "string" &&
    NAME.test(file.name) &&
    isCount(file.sizeBytes) &&
    typeof file.digest === "string" &&
    HEX.test(file.digest)
  );
}

/** Checks a manifest that came from a peer; FRAME_MALFORMED says whose it is. Names cannot leave the directory that they are meant for. */
export function parseManifest(json: string, source: string, group: number): SnapshotManifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new RingtideError("FRAME_MALFORMED", `${source}: the manifest of a snapshot is not JSON`);
  }
  const manifest = parsed as SnapshotManifest;
  const sound =
    typeof manifest === "object" &&
    manifest !== null &&
    manifest.format === 1 &&
    manifest.group === group &&
    isCount(manifest.index) &&
    manifest.index > 0 &&
    typeof manifest.groupState === "string" &&
    HEX.test(manifest.groupState) &&
    Array.isArray(manifest.files) &&
    manifest.files.length <= MAX_FILES &&
    manifest.files.every(isFile) &&
    new Set(manifest.files.map(({ name }) => name)).size === manifest.files.length;
  if (!sound) throw new RingtideError("FRAME_MALFORMED", `${source}: not the manifest of a snapshot of group ${group}`);
  return manifest;
}
