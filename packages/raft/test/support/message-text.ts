import { type Configuration, decodeConfiguration, type Entry, EntryKind, type Message } from "../../src/index.ts";

const decoder = new TextDecoder();

/** `(voters 1 2, until now 1 3, learners 4)` */
export function configurationText({ voters, votersOutgoing, learners }: Configuration): string {
  const outgoing = votersOutgoing.length > 0 ? `, until now ${votersOutgoing.join(" ")}` : "";
  const learning = learners.length > 0 ? `, learners ${learners.join(" ")}` : "";
  return `(voters ${voters.join(" ") || "unknown"}${outgoing}${learning})`;
}

function payloadText(entry: Entry): string {
  if (entry.kind === EntryKind.EMPTY_CONTENT) return "(empty)";
  if (entry.kind === EntryKind.CONFIG_CHANGE) return configurationText(decodeConfiguration(entry.payload));
  return JSON.stringify(decoder.decode(entry.payload));
}

/** `3/2 "x"`: index, term, content. */
export function entryText(entry: Entry): string {
  return `${entry.index}/${entry.term} ${payloadText(entry)}`;
}

export function entriesText(entries: readonly Entry[]): string {
  if (entries.length <= 4) return entries.map(entryText).join(", ");
  const ends = [entries.at(0), entries.at(-1)].flatMap((entry) => (entry === undefined ? [] : [entryText(entry)]));
  return ends.join(` … ${entries.length - 2} more … `);
}

function contentText(message: Message): string {
  switch (message.type) {
    case "append": {
      const entries = message.entries.length === 0 ? "nothing" : entriesText(message.entries);
      return `append after ${message.prevIndex}/${message.prevTerm}: ${entries}; commit ${message.commit}`;
    }
    case "appendResponse":
      return message.reject
        ? `rejects append after ${message.rejectedPrevIndex}, try ${message.index}/${message.hintTerm}`
        : `has ${message.index}`;
    case "vote":
      return `asks for ${message.preVote ? "pre-vote" : "vote"}, log ends at ${message.lastIndex}/${message.lastTerm}${message.transfer ? ", by transfer" : ""}`;
    case "voteResponse":
      return `${message.granted ? "grants" : "refuses"} ${message.preVote ? "pre-vote" : "vote"}`;
    case "heartbeat":
      return `beat ${message.readContext}, commit ${message.commit}, all have ${message.allMatch}${message.quiesce ? ", goes quiet" : ""}`;
    case "heartbeatResponse":
      return `answers beat ${message.readContext}`;
    case "timeoutNow":
      return "campaign now";
    case "snapshot":
      return `offers snapshot at ${message.index}/${message.snapshotTerm} ${configurationText(message.configuration)}`;
  }
}

/** One message as one line. */
export function messageText(message: Message): string {
  return `${message.from}→${message.to} (term ${message.term}) ${contentText(message)}`;
}
