import { type Entry, EntryKind, type Message } from "../../src/index.ts";

const decoder = new TextDecoder();

/** `3/2 "x"`: index, term, content. */
export function entryText(entry: Entry): string {
  const content = entry.kind === EntryKind.EMPTY_CONTENT ? "(empty)" : JSON.stringify(decoder.decode(entry.payload));
  return `${entry.index}/${entry.term} ${content}`;
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
      return `beat, commit ${message.commit}, all have ${message.allMatch}`;
    case "heartbeatResponse":
      return "answers beat";
    case "timeoutNow":
      return "campaign now";
    case "snapshot":
      return `snapshot at ${message.index}/${message.snapshotTerm}`;
  }
}

/** One message as one line. */
export function messageText(message: Message): string {
  return `${message.from}→${message.to} (term ${message.term}) ${contentText(message)}`;
}
