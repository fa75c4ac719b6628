import type { NodeId } from "@ringtide/common";
import type { Message } from "../../src/index.ts";
import type { SeededRandom } from "./random.ts";

/** Bounds what is under way, as sockets would. */
const MESSAGES_MAX = 300;
const LATE_MAX = 20;

/** Messages on their way, which get lost, repeated, overtaken and held up as a seed wants. */
export class RandomNetwork {
  readonly #random: SeededRandom;
  #messages: Message[] = [];
  /** Those that stay on their way for long. */
  #late: Message[] = [];
  /** Links that lose all, as from × 100 + to. */
  readonly #cutLinks = new Set<number>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  add(message: Message): void {
    this.#messages.push(message);
    while (this.#messages.length > MESSAGES_MAX) this.drop();
  }

  /** Mostly the oldest message, at times any; undefined when there is none or its link is cut. */
  take(): Message | undefined {
    const at = this.#random.chance(0.7) ? 0 : this.#random.below(this.#messages.length);
    const message = this.#messages.splice(at, 1)[0];
    return message !== undefined && this.isCut(message.from, message.to) ? undefined : message;
  }

  /** All of them in their order; late ones stay. */
  takeAll(): readonly Message[] {
    const all = this.#messages;
    this.#messages = [];
    return all;
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cutLinks.has(from * 100 + to);
  }

  drop(): void {
    if (this.#messages.length > 0) this.#messages.splice(this.#random.below(this.#messages.length), 1);
  }

  delay(): void {
    if (this.#messages.length > 0 && this.#late.length < LATE_MAX)
      this.#late.push(...this.#messages.splice(this.#random.below(this.#messages.length), 1));
  }

  deliverLate(): void {
    if (this.#late.length > 0) this.#messages.unshift(...this.#late.splice(this.#random.below(this.#late.length), 1));
  }

  repeat(): void {
    if (this.#messages.length > 0) this.#messages.push(this.#random.pick(this.#messages));
  }

  /** Cuts some links, each direction on its own. */
  partition(ids: readonly NodeId[]): void {
    for (const from of ids) for (const to of ids) if (this.#random.chance(0.4)) this.#cutLinks.add(from * 100 + to);
  }

  isolate(id: NodeId, ids: readonly NodeId[]): void {
    for (const other of ids) {
      this.#cutLinks.add(id * 100 + other);
      this.#cutLinks.add(other * 100 + id);
    }
  }

  heal(): void {
    this.#cutLinks.clear();
  }

  /** The connections of a node end: nothing of the time before arrives any more. */
  closeConnections(id: NodeId): void {
    this.#messages = this.#messages.filter((message) => message.from !== id && message.to !== id);
    this.#late = [];
  }
}
