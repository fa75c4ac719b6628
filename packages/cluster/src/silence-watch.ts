import type { NodeId } from "@ringtide/common";
import type { Transport } from "./transport.ts";

export interface SilenceWatchOptions {
  readonly peers: readonly NodeId[];
  /** Without a beat for this long a peer is silent. */
  readonly limitMs: number;
  readonly transport: Transport;
  /** Called once each time a peer falls silent on its meta (true) or data heartbeat port. */
  readonly onSilence: (peer: NodeId, meta: boolean) => void;
}

/** Notices which nodes fell silent: quiet groups have no election clock of their own, and count on being woken. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #silent = { meta: new Set<NodeId>(), data: new Set<NodeId>() };

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  tick(): void {
    for (const peer of this.#options.peers) {
      this.#look(peer, true);
      this.#look(peer, false);
    }
  }

  #look(peer: NodeId, meta: boolean): void {
    const { transport, limitMs, onSilence } = this.#options;
    const silent = this.#silent[meta ? "meta" : "data"];
    const isSilent = transport.sinceBeatOnMs(peer, meta) > limitMs;
    if (!isSilent) silent.delete(peer);
    else if (!silent.has(peer)) {
      silent.add(peer);
      onSilence(peer, meta);
    }
  }
}
