import { type Clock, RingtideError } from "@ringtide/common";

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface Settle {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** One call that waits for its answer. */
export class UnaryCall {
  readonly #settle: Settle;
  #ended: (() => void)[] | undefined = [];

  constructor(clock: Clock, peer: string, { timeoutMs, signal }: CallOptions, settle: Settle) {
    this.#settle = settle;
    const timer = clock.setTimer(timeoutMs, () => this.broken(timedOut(peer)));
    const onAbort = () => this.broken(reasonOf(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.onEnd(() => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    });
  }

  /** Called when the call is over, at once if it is already. */
  onEnd(callback: () => void): void {
    if (this.#ended === undefined) callback();
    else this.#ended.push(callback);
  }

  #end(): boolean {
    const callbacks = this.#ended;
    this.#ended = undefined;
    for (const callback of callbacks ?? []) callback();
    return callbacks !== undefined;
  }

  answer(answer: Uint8Array): void {
    if (this.#end()) this.#settle.resolve(answer);
  }

  broken(error: Error): void {
    if (this.#end()) this.#settle.reject(error);
  }
}

export function timedOut(peer: string): RingtideError {
  return new RingtideError("NET_TIMEOUT", `${peer} did not answer in time`);
}

export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
