import { EntryKind, type Message } from "@ringtide/raft";

/**
 * Which entries of its leader a follower takes while its disk is nearly full: those of leadership, membership and flushes, and commands only up to
 * a grace, so that what was under way when the refusal began is settled. The rest is cut off, as if it had been lost on the way:
 * the leader sends it again.
 */
export class EntryAdmission {
  readonly #graceBytes: number;
  #refuses = false;
  #leftBytes = 0;

  constructor(graceBytes: number) {
    this.#graceBytes = graceBytes;
  }

  refuse(refuse: boolean): void {
    if (refuse && !this.#refuses) this.#leftBytes = this.#graceBytes;
    this.#refuses = refuse;
  }

  /** The message with as many of its entries as are taken; undefined when that is none of them. */
  admit(message: Message): Message | undefined {
    if (!this.#refuses || message.type !== "append") return message;
    const { entries } = message;
    let taken = 0;
    for (const { kind, payload } of entries) {
      if (kind === EntryKind.PHYSICAL_PLAN) {
        if (this.#leftBytes <= 0) break;
        this.#leftBytes -= payload.length;
      }
      taken++;
    }
    if (taken === entries.length) return message;
    return taken === 0 ? undefined : { ...message, entries: entries.slice(0, taken) };
  }
}
