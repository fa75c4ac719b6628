/** Counts how often each place was passed, and ends the process at the one that was armed. */
export class Failpoints {
  readonly #hits = new Map<string, number>();
  readonly #die: (name: string) => never;
  #armed: { readonly name: string; left: number; behind: string | undefined } | undefined;
  #hung: ReadonlySet<string> = new Set();
  #released = Promise.withResolvers<void>();
  /** Writes fail as on a full disk. */
  isFull = false;

  /** `die` ends the process at once, as a power cut would. */
  constructor(die: (name: string) => never) {
    this.#die = die;
  }

  /** Passes by name since the start. */
  get hits(): ReadonlyMap<string, number> {
    return this.#hits;
  }

  /** The process dies when it comes by `name` for the `hit`th time from now on, or since it came by `behind`. */
  arm(name: string, hit: number, behind?: string): void {
    this.#armed = { name, left: hit, behind };
  }

  disarm(): void {
    this.#armed = undefined;
  }

  /** Calls at these places (names without their last word) wait until they are left out of a later call. */
  hang(places: Iterable<string>): void {
    this.#hung = new Set(places);
    this.#released.resolve();
    this.#released = Promise.withResolvers<void>();
  }

  /** Resolves once the place does not hang. */
  async gate(place: string): Promise<void> {
    while (this.#hung.has(place)) await this.#released.promise;
  }

  /** The process comes by `name`. */
  reach(name: string): void {
    if (this.isDue(name)) this.#die(name);
  }

  /** As `reach`, for a death that needs preparing: true when it is to happen now, by `die`. */
  isDue(name: string): boolean {
    this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
    const armed = this.#armed;
    if (armed?.behind !== undefined) {
      if (armed.behind === name) armed.behind = undefined;
      return false;
    }
    if (armed?.name !== name) return false;
    return --armed.left === 0;
  }

  die(name: string): never {
    this.#die(name);
  }
}
