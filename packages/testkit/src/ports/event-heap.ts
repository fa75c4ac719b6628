import type { Owner } from "./owner.ts";

/** Something that happens at a moment of virtual time. `cancel` is idempotent and harmless after the event ran. */
export class SimEvent {
  atMs: number;
  /** Events of one moment run in the order of their numbers. */
  number: number;
  readonly owner: Owner;
  /** What kind of event: for traces. */
  readonly label: string;
  run: (() => void) | undefined;

  constructor(atMs: number, number: number, owner: Owner, label: string, run: () => void) {
    this.atMs = atMs;
    this.number = number;
    this.owner = owner;
    this.label = label;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}

/** Checks for cancelled events are worth it from this size on. */
const MIN_PURGE = 1024;

/** Pending events, the first one on top: a binary heap. Cancelled ones stay until they surface or too many have gathered. */
export class EventHeap {
  #events: SimEvent[] = [];
  #purgeAt = MIN_PURGE;

  get size(): number {
    return this.#events.length;
  }

  peek(): SimEvent | undefined {
    return this.#events[0];
  }

  push(event: SimEvent): void {
    if (this.#events.length >= this.#purgeAt) this.#purge();
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = events[parentAt] as SimEvent;
      if (!isBefore(event, parent)) break;
      events[at] = parent;
      at = parentAt;
    }
    events[at] = event;
  }

  pop(): SimEvent | undefined {
    const first = this.#events[0];
    const last = this.#events.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#sink(last, 0);
    return first;
  }

  #sink(event: SimEvent, from: number): void {
    const events = this.#events;
    const size = events.length;
    let at = from;
    for (let childAt = 2 * at + 1; childAt < size; childAt = 2 * at + 1) {
      const right = events[childAt + 1];
      if (right !== undefined && isBefore(right, events[childAt] as SimEvent)) childAt++;
      const child = events[childAt] as SimEvent;
      if (!isBefore(child, event)) break;
      events[at] = child;
      at = childAt;
    }
    events[at] = event;
  }

  /** Drops what will never run; the next check comes when as much again has gathered. */
  #purge(): void {
    const kept = this.#events.filter((event) => event.run !== undefined && event.owner.isAlive);
    this.#events = kept;
    for (let at = (kept.length >> 1) - 1; at >= 0; at--) this.#sink(kept[at] as SimEvent, at);
    this.#purgeAt = Math.max(MIN_PURGE, kept.length * 2);
  }
}
