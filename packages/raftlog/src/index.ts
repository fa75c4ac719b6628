export { type DecodedEntry, decodeEntry, encodeEntry, encodeEntryParts, recordBytes } from "./entry-codec.ts";
export {
  type AppendBatch,
  DEFAULT_SEGMENT_BYTES,
  MIN_SEGMENT_BYTES,
  type RaftLogOptions,
  type RecoveredGroup,
  type TermRun,
} from "./options.ts";
export { RaftLog } from "./raft-log.ts";
