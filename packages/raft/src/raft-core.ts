import { type NodeId, RingtideError } from "@ringtide/common";
import type { ProposalDraft, RaftOptions } from "./options.ts";
import type { Ready } from "./ready.ts";
import type { RaftStatus } from "./status.ts";
import type { Entry, Message } from "./types.ts";

const unbuilt = (): never => {
  throw new RingtideError("UNSUPPORTED", "the consensus core is being built");
};

/** One replica of one group as a pure state machine. */
export class RaftCore {
  readonly #options: RaftOptions;
  constructor(options: RaftOptions) {
    this.#options = options;
  }
  tick(): void {
    unbuilt();
  }
  step(_message: Message): void {
    unbuilt();
  }
  propose(_drafts: readonly ProposalDraft[]): { readonly firstIndex: number; readonly term: number } {
    return unbuilt();
  }
  persisted(_lastIndex: number, _term: number): void {
    unbuilt();
  }
  appliedTo(_index: number): void {
    unbuilt();
  }
  supplyEntries(_to: NodeId, _entries: readonly Entry[]): void {
    unbuilt();
  }
  /** The durable log was cut: entries before `firstIndex` are gone. */
  logCut(_firstIndex: number): void {
    unbuilt();
  }
  reportUnreachable(_to: NodeId): void {
    unbuilt();
  }
  transferLeadership(_to: NodeId): void {
    unbuilt();
  }
  campaign(): void {
    unbuilt();
  }
  stepDown(): void {
    unbuilt();
  }
  hasReady(): boolean {
    return unbuilt();
  }
  takeReady(): Ready {
    return unbuilt();
  }
  status(): RaftStatus {
    return this.#options.self === 0 ? unbuilt() : unbuilt();
  }
}
