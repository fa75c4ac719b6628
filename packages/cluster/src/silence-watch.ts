import type { NodeId } from "@ringtide/common";
import type { Transport } from "./transport.ts";

export interface SilenceWatchOptions {
  readonly peers: readonly NodeId[];
  /** Without a beat for this long a peer is silent. */
  readonly limitMs: number;
  /** One whose disk hangs for this long is no better than silent. */
  readonly diskStallLimitMs: number;
  readonly transport: Transport;
  /**
   * Called at each tick for each peer that is silent on its meta (true) or data heartbeat port: again and again, since a message that comes late
   * may put a group back to sleep.
   */
  readonly onSilence: (peer: NodeId, meta: boolean) => void;
}

/** Notices which nodes are silent: quiet groups have no election clock of their own, and count on being woken. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  tick(): void {
    const { peers, transport, limitMs, diskStallLimitMs, onSilence } = this.#options;
    for (const peer of peers) {
      const hangs = (transport.proofOf(peer)?.oldestPendingSyncMs ?? 0) > diskStallLimitMs;
      if (hangs || transport.sinceBeatOnMs(peer, true) > limitMs) onSilence(peer, true);
      if (hangs || transport.sinceBeatOnMs(peer, false) > limitMs) onSilence(peer, false);
    }
  }
}
