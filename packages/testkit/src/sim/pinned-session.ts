import type { Session } from "@ringtide/client";
import type { WorkloadSession } from "../workload/points.ts";

/** A session that a failure has driven to another node goes on there: after this long a new one is opened. */
const RENEW_AFTER_MS = 5000;

export interface PinnedSessionOptions {
  readonly open: () => Promise<Session>;
  readonly nowMs: () => number;
}

/** Asks one node, for as long as it answers: also one that believes to lead and does not. One request at a time. */
export class PinnedSession implements WorkloadSession {
  readonly #options: PinnedSessionOptions;
  #session: Session;
  #openedMs: number;

  constructor(session: Session, options: PinnedSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.#openedMs = options.nowMs();
  }

  async #current(): Promise<Session> {
    const { open, nowMs } = this.#options;
    if (nowMs() - this.#openedMs < RENEW_AFTER_MS) return this.#session;
    this.#openedMs = nowMs();
    try {
      const before = this.#session;
      this.#session = await open();
      before.close().catch(() => undefined);
    } catch {
      // The node is down: the session that is there finds others.
    }
    return this.#session;
  }

  async execute(...call: Parameters<WorkloadSession["execute"]>) {
    return (await this.#current()).execute(...call);
  }

  async insert(...call: Parameters<WorkloadSession["insert"]>) {
    return (await this.#current()).insert(...call);
  }
}
