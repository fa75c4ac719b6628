import { isConfiguration, parseConfiguration } from "./configuration.ts";
import { type AppendRequest, EntryKind, type Message } from "./types.ts";

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Entries follow `prevIndex` without a gap, terms do not fall, and configurations can be read. */
function isChain(message: AppendRequest): boolean {
  let index = message.prevIndex;
  let term = message.prevTerm;
  for (const entry of message.entries) {
    if (entry.index !== index + 1 || entry.term < term || !isCount(entry.term)) return false;
    if (entry.kind === EntryKind.CONFIG_CHANGE && parseConfiguration(entry.payload) === undefined) return false;
    index = entry.index;
    term = entry.term;
  }
  return term <= message.term;
}

/** Could a replica have sent this at all? What passes is safe to work on, whatever state it meets. */
export function isWellFormed(message: Message): boolean {
  if (!isCount(message.term) || message.from < 1) return false;
  switch (message.type) {
    case "append":
      return isCount(message.prevIndex) && isCount(message.prevTerm) && isCount(message.commit) && isChain(message);
    case "appendResponse":
      return isCount(message.index) && isCount(message.hintTerm) && isCount(message.rejectedPrevIndex);
    case "vote":
      return isCount(message.lastIndex) && isCount(message.lastTerm);
    case "heartbeat":
      return isCount(message.commit) && isCount(message.allMatch) && isCount(message.readContext);
    case "heartbeatResponse":
      return isCount(message.readContext);
    case "snapshot":
      return (
        isCount(message.index) &&
        message.snapshotTerm <= message.term &&
        isCount(message.snapshotTerm) &&
        isConfiguration(message.configuration)
      );
    case "voteResponse":
    case "timeoutNow":
      return true;
  }
}
