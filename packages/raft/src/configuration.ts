import { type NodeId, RingtideError } from "@ringtide/common";
import type { Configuration } from "./types.ts";

const FORMAT = 1;
const HEADER_BYTES = 4;
const ID_BYTES = 4;
const ID_MAX = 0xffffffff;
/** Of each of the three lists: the header has one byte for their lengths. */
const MEMBERS_MAX = 255;

/** Could this be the configuration of a group: ids that are valid and named once a list, and a learner only where it votes no longer? */
export function isConfiguration(configuration: Configuration): boolean {
  const { voters, votersOutgoing, learners } = configuration;
  if (![voters, votersOutgoing, learners].every(isMemberList)) return false;
  if (voters.length === 0 && votersOutgoing.length > 0) return false;
  return learners.every((id) => !voters.includes(id));
}

function isMemberList(ids: readonly NodeId[]): boolean {
  if (ids.length > MEMBERS_MAX || new Set(ids).size !== ids.length) return false;
  return ids.every((id) => Number.isInteger(id) && id >= 1 && id <= ID_MAX);
}

/** Payload of a CONFIG_CHANGE entry: format, three lengths, the ids; little-endian. INTERNAL for what is no configuration. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  if (!isConfiguration(configuration))
    throw new RingtideError("INTERNAL", `not a configuration: ${JSON.stringify(configuration)}`);
  const { voters, votersOutgoing, learners } = configuration;
  const ids = [...voters, ...votersOutgoing, ...learners];
  const bytes = new Uint8Array(HEADER_BYTES + ids.length * ID_BYTES);
  bytes.set([FORMAT, voters.length, votersOutgoing.length, learners.length]);
  const view = new DataView(bytes.buffer);
  for (const [at, id] of ids.entries()) view.setUint32(HEADER_BYTES + at * ID_BYTES, id, true);
  return bytes;
}

/** Undefined for bytes that are no configuration of this format. */
export function parseConfiguration(bytes: Uint8Array): Configuration | undefined {
  const [format, voterCount = 0, outgoingCount = 0, learnerCount = 0] = bytes;
  const idCount = voterCount + outgoingCount + learnerCount;
  if (format !== FORMAT || bytes.length !== HEADER_BYTES + idCount * ID_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ids = Array.from({ length: idCount }, (_, at) => view.getUint32(HEADER_BYTES + at * ID_BYTES, true));
  const configuration = {
    voters: ids.slice(0, voterCount),
    votersOutgoing: ids.slice(voterCount, voterCount + outgoingCount),
    learners: ids.slice(voterCount + outgoingCount),
  };
  return isConfiguration(configuration) ? configuration : undefined;
}

/** Reads the payload of a CONFIG_CHANGE entry; FORMAT_UNKNOWN for anything else. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const configuration = parseConfiguration(bytes);
  if (configuration !== undefined) return configuration;
  throw new RingtideError("FORMAT_UNKNOWN", `${bytes.length} bytes are no group configuration of format ${FORMAT}`);
}
