import { ByteReader, ByteWriter, RingtideError } from "@ringtide/common";
import { type Configuration, decodeConfiguration, encodeConfiguration } from "@ringtide/raft";

const VERSION = 1;

/**
 * What the consensus core has to know of a checkpoint and cannot read from a log that begins behind it: the term of its entry, and
 * the members of the group as of that entry. Kept with each checkpoint and carried by snapshots.
 */
export interface GroupState {
  readonly term: number;
  readonly configuration: Configuration;
}

export function encodeGroupState({ term, configuration }: GroupState): Uint8Array {
  const members = encodeConfiguration(configuration);
  return new ByteWriter(16 + members.length).u8(VERSION).u53(term).bytes(members).finish();
}

/** Undefined for no bytes: there is no checkpoint yet. FRAME_MALFORMED for bytes that are no group state. */
export function decodeGroupState(bytes: Uint8Array, where: string): GroupState | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new ByteReader(bytes, where);
  const version = reader.u8();
  if (version !== VERSION)
    throw new RingtideError("FORMAT_UNKNOWN", `${where}: group state of version ${version}; this one reads ${VERSION}`);
  const term = reader.u53();
  const configuration = decodeConfiguration(reader.bytes());
  reader.end();
  return { term, configuration };
}
