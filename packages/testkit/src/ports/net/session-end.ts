import { RingtideError } from "@ringtide/common";
import type { SimEvent } from "../event-heap.ts";
import type { Owner } from "../owner.ts";
import type { Network } from "./network.ts";
import type { Pipe } from "./pipe.ts";

/** As the real transport: a peer that is silent for the sum of both is taken for gone. */
const KEEPALIVE_INTERVAL_MS = 5000;
const KEEPALIVE_TIMEOUT_MS = 5000;

/** What a connection carries: told when it breaks. */
export interface Carried {
  broken(error: RingtideError): void;
}

/** One side's view of a connection. Either side may know it as broken while the other does not yet. */
export class SessionEnd {
  readonly owner: Owner;
  /** To the other side. */
  readonly out: Pipe;
  /** The other side as `host:port`. */
  readonly remote: string;
  /** The other side's view; undefined until it has accepted. */
  peer: SessionEnd | undefined;
  readonly #network: Network;
  readonly #carried = new Set<Carried>();
  #heardMs: number;
  #keepalive: SimEvent;
  #isBroken = false;
  #onBroken: (() => void)[] = [];

  constructor(network: Network, owner: Owner, out: Pipe, remote: string) {
    this.#network = network;
    this.owner = owner;
    this.out = out;
    this.remote = remote;
    this.#heardMs = network.nowMs;
    this.#keepalive = owner.after(KEEPALIVE_INTERVAL_MS, "keepalive", () => this.#ping());
    out.onReset = () => this.breakSoon("the peer's process is gone");
    network.opened(this);
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** `deliver` runs at the other side, if that still has the connection. */
  send(sizeBytes: number, label: string, deliver: (there: SessionEnd) => void): void {
    const there = this.peer;
    if (this.#isBroken || there === undefined) return;
    this.out.send(sizeBytes, there.owner, label, () => {
      if (there.#isBroken) return;
      there.#heardMs = this.#network.nowMs;
      deliver(there);
    });
  }

  /** Called once, when this side knows that the connection is over. */
  whenBroken(callback: () => void): void {
    this.#onBroken.push(callback);
  }

  carry(carried: Carried): void {
    this.#carried.add(carried);
  }

  done(carried: Carried): void {
    this.#carried.delete(carried);
  }

  #ping(): void {
    const silentMs = this.#network.nowMs - this.#heardMs;
    if (silentMs < KEEPALIVE_INTERVAL_MS) {
      const againMs = Math.max(1, KEEPALIVE_INTERVAL_MS - silentMs);
      this.#keepalive = this.owner.after(againMs, "keepalive", () => this.#ping());
      return;
    }
    this.send(0, "ping", (there) => there.send(0, "pong", () => undefined));
    const askedMs = this.#network.nowMs;
    this.#keepalive = this.owner.after(KEEPALIVE_TIMEOUT_MS, "keepalive", () => {
      if (this.#heardMs < askedMs) this.break(`${this.remote} is silent: keepalive timeout`);
      else this.#ping();
    });
  }

  /** This side ends the connection; the other one learns of it behind what was sent before. */
  break(reason: string): void {
    this.send(0, "fin", (there) => there.#over("the peer closed the connection"));
    this.#over(reason);
  }

  /** As by a reset from the network: noticed at this side a moment later. */
  breakSoon(reason: string): void {
    this.owner.after(this.#network.latencyMs(this.out.to, this.out.from), "reset", () => this.#over(reason));
  }

  /** The process of this side died: its system tells the other side, or nobody does. */
  die(tellsPeer: boolean): void {
    if (tellsPeer) this.send(0, "fin", (there) => there.#over("the peer closed the connection"));
    this.peer?.out.clear();
    this.#isBroken = true;
    this.#network.closed(this);
  }

  #over(reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#keepalive.cancel();
    this.#network.closed(this);
    const error = new RingtideError("NET_CLOSED", `${this.remote}: ${reason}`);
    const carried = [...this.#carried];
    this.#carried.clear();
    for (const callback of this.#onBroken) callback();
    for (const each of carried) each.broken(error);
  }
}
