/** The node that leads a device's group, as far as known: a bounded map that forgets what was not used for longest. */
export class LeaderHints {
  readonly #limit: number;
  readonly #addressOf = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(device: string): string | undefined {
    const address = this.#addressOf.get(device);
    if (address === undefined) return undefined;
    // A map iterates in order of insertion: what is used moves to the end.
    this.#addressOf.delete(device);
    this.#addressOf.set(device, address);
    return address;
  }

  set(device: string, address: string): void {
    this.#addressOf.delete(device);
    this.#addressOf.set(device, address);
    if (this.#addressOf.size <= this.#limit) return;
    for (const oldest of this.#addressOf.keys()) {
      this.#addressOf.delete(oldest);
      break;
    }
  }

  forget(device: string): void {
    this.#addressOf.delete(device);
  }
}
