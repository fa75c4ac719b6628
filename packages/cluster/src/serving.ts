import type { Message, RaftStatus } from "@ringtide/raft";

/**
 * Whether a replica may answer reads: not after a start, until it has applied what was committed when it first heard from a leader. Before
 * that it would answer without entries that it acknowledged itself.
 */
export class Serving {
  /** Commit index that the first leader since the start told; 0: none has yet. */
  #commitAtStart = 0;
  #serves = false;

  get serves(): boolean {
    return this.#serves;
  }

  heard(message: Message): void {
    if (this.#commitAtStart > 0) return;
    if (message.type === "append" || message.type === "heartbeat") this.#commitAtStart = message.commit;
  }

  look({ applied, leaderReady }: Pick<RaftStatus, "applied" | "leaderReady">): void {
    this.#serves ||= leaderReady || (this.#commitAtStart > 0 && applied >= this.#commitAtStart);
  }
}
