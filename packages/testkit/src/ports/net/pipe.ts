import type { SimEvent } from "../event-heap.ts";
import type { Owner } from "../owner.ts";
import type { Network } from "./network.ts";

interface Frame {
  readonly dueMs: number;
  readonly owner: Owner;
  readonly label: string;
  readonly deliver: () => void;
}

/** The longest that TCP waits before it sends again what was not acknowledged, once a way is open again, ms. */
const RETRANSMIT_MS = 300;

/** One direction of a connection: what is sent arrives whole and in order, or waits while the way is cut. */
export class Pipe {
  readonly from: string;
  readonly to: string;
  /** Called when something arrives at a process that is not there any more, while its machine is. */
  onReset: (() => void) | undefined;
  readonly #network: Network;
  #queue: Frame[] = [];
  #head = 0;
  #armed: SimEvent | undefined;
  #lastDueMs = 0;
  #freeMs = 0;

  constructor(network: Network, from: string, to: string) {
    this.#network = network;
    this.from = from;
    this.to = to;
  }

  /** `deliver` runs at the receiving process. */
  send(sizeBytes: number, owner: Owner, label: string, deliver: () => void): void {
    const network = this.#network;
    this.#freeMs = Math.max(this.#freeMs, network.nowMs) + sizeBytes / network.bytesPerMs;
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#freeMs + network.latencyMs(this.from, this.to));
    this.#queue.push({ dueMs: this.#lastDueMs, owner, label, deliver });
    if (this.#armed === undefined) this.#arm(this.#lastDueMs);
  }

  /** Only the first frame has an event: the others follow it. */
  #arm(atMs: number): void {
    const frame = this.#queue[this.#head];
    if (frame === undefined) return;
    const owner = frame.owner.isAlive ? frame.owner : this.#network.owner;
    this.#armed = owner.at(atMs, frame.label, () => this.#arrive(frame));
  }

  #arrive(frame: Frame): void {
    this.#armed = undefined;
    if (this.#network.isCut(this.from, this.to)) {
      this.#network.blocked(this);
      return;
    }
    if (!frame.owner.isAlive) {
      this.clear();
      if (this.#network.isUp(this.to)) this.onReset?.();
      return;
    }
    this.#head++;
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    const next = this.#queue[this.#head];
    if (next !== undefined) this.#arm(next.dueMs);
    frame.deliver();
  }

  /** The way is open again. */
  retry(): void {
    if (this.#armed === undefined && this.#queue.length > 0)
      this.#arm(this.#network.nowMs + this.#network.random.unit() * RETRANSMIT_MS);
  }

  /** What is under way is lost: its receiver died. */
  clear(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#queue = [];
    this.#head = 0;
  }
}
