import type { GroupNumber } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";
import { type Init, type RaftMessage, RaftMessageType as Type } from "@ringtide/proto";
import type { Entry, Message } from "@ringtide/raft";
import { decodeEntry, encodeEntry } from "@ringtide/raftlog";

export const META_SERVICE = "ringtide.v1.Meta";
export const DATA_SERVICE = "ringtide.v1.Data";
export const BEAT_SERVICE = "ringtide.v1.Beat";

/** Version of everything on the internal ports; nodes exchange (min, max) when they meet. */
export const PROTOCOL_VERSION = 1;

/** Largest message that is no log entry, fragment or result. */
export const MAX_CONTROL_BYTES = 4 * 1024 * 1024;

/** A message of the core as it travels. Entries travel as the records of the sender's log. */
export function toWire(message: Message): Init<RaftMessage> {
  const envelope = { group: message.group, from: message.from, to: message.to, term: message.term };
  switch (message.type) {
    case "append":
      return {
        ...envelope,
        type: Type.APPEND,
        index: message.prevIndex,
        logTerm: message.prevTerm,
        commit: message.commit,
        records: message.entries.map((entry) => encodeEntry(message.group, entry)),
      };
    case "appendResponse":
      return {
        ...envelope,
        type: Type.APPEND_RESPONSE,
        reject: message.reject,
        index: message.index,
        logTerm: message.hintTerm,
        otherIndex: message.rejectedPrevIndex,
      };
    case "vote":
      return {
        ...envelope,
        type: Type.VOTE,
        preVote: message.preVote,
        index: message.lastIndex,
        logTerm: message.lastTerm,
        transfer: message.transfer,
      };
    case "voteResponse":
      return {
        ...envelope,
        type: Type.VOTE_RESPONSE,
        preVote: message.preVote,
        granted: message.granted,
      };
    case "heartbeat":
      return {
        ...envelope,
        type: Type.HEARTBEAT,
        commit: message.commit,
        otherIndex: message.allMatch,
        readContext: message.readContext,
        quiesce: message.quiesce,
      };
    case "heartbeatResponse":
      return { ...envelope, type: Type.HEARTBEAT_RESPONSE, readContext: message.readContext };
    case "timeoutNow":
      return { ...envelope, type: Type.TIMEOUT_NOW };
    case "snapshot":
      return {
        ...envelope,
        type: Type.SNAPSHOT,
        index: message.index,
        logTerm: message.snapshotTerm,
        voters: [...message.configuration.voters],
        votersOutgoing: [...message.configuration.votersOutgoing],
        learners: [...message.configuration.learners],
      };
  }
}

/** The message of the core; FRAME_MALFORMED for anything that a sound peer would not send. Record checksums are verified. */
export function fromWire(wire: RaftMessage): Message {
  const envelope = { group: wire.group, from: wire.from, to: wire.to, term: wire.term };
  switch (wire.type) {
    case Type.APPEND:
      return {
        ...envelope,
        type: "append",
        prevIndex: wire.index,
        prevTerm: wire.logTerm,
        commit: wire.commit,
        entries: entriesOf(wire.records, wire.group, wire.index),
      };
    case Type.APPEND_RESPONSE:
      return {
        ...envelope,
        type: "appendResponse",
        reject: wire.reject,
        index: wire.index,
        hintTerm: wire.logTerm,
        rejectedPrevIndex: wire.otherIndex,
      };
    case Type.VOTE:
      return {
        ...envelope,
        type: "vote",
        preVote: wire.preVote,
        lastIndex: wire.index,
        lastTerm: wire.logTerm,
        transfer: wire.transfer,
      };
    case Type.VOTE_RESPONSE:
      return { ...envelope, type: "voteResponse", preVote: wire.preVote, granted: wire.granted };
    case Type.HEARTBEAT:
      return {
        ...envelope,
        type: "heartbeat",
        commit: wire.commit,
        allMatch: wire.otherIndex,
        readContext: wire.readContext,
        quiesce: wire.quiesce,
      };
    case Type.HEARTBEAT_RESPONSE:
      return { ...envelope, type: "heartbeatResponse", readContext: wire.readContext };
    case Type.TIMEOUT_NOW:
      return { ...envelope, type: "timeoutNow" };
    case Type.SNAPSHOT:
      return {
        ...envelope,
        type: "snapshot",
        index: wire.index,
        snapshotTerm: wire.logTerm,
        configuration: { voters: wire.voters, votersOutgoing: wire.votersOutgoing, learners: wire.learners },
      };
    default:
      throw new RingtideError("FRAME_MALFORMED", `raft message of unknown type ${wire.type}`);
  }
}

function entriesOf(records: readonly Uint8Array[], group: GroupNumber, prevIndex: number): Entry[] {
  return records.map((record, position) => {
    const decoded = decodeEntry(record, 0);
    if (decoded.group !== group || decoded.entry.index !== prevIndex + 1 + position) {
      throw new RingtideError(
        "FRAME_MALFORMED",
        `append of group ${group} after ${prevIndex}: record ${position} is entry ${decoded.entry.index} of group ${decoded.group}`,
      );
    }
    return decoded.entry;
  });
}
