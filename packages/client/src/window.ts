/** What inserts may be on the way at once: a number of requests and a number of bytes. Places are given in the order of asking. */
export class Window {
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  #requests = 0;
  #bytes = 0;
  #waiting: { readonly sizeBytes: number; readonly enter: () => void }[] = [];

  constructor(maxRequests: number, maxBytes: number) {
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
  }

  /** Resolves with the place taken. A request larger than the whole window gets it alone. */
  async enter(sizeBytes: number): Promise<void> {
    if (this.#waiting.length > 0 || !this.#hasRoom(sizeBytes))
      await new Promise<void>((enter) => this.#waiting.push({ sizeBytes, enter }));
    else this.#take(sizeBytes);
  }

  leave(sizeBytes: number): void {
    this.#requests--;
    this.#bytes -= sizeBytes;
    for (let first = this.#waiting[0]; first && this.#hasRoom(first.sizeBytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(first.sizeBytes);
      first.enter();
    }
  }

  #hasRoom(sizeBytes: number): boolean {
    if (this.#requests === 0) return true;
    return this.#requests < this.#maxRequests && this.#bytes + sizeBytes <= this.#maxBytes;
  }

  #take(sizeBytes: number): void {
    this.#requests++;
    this.#bytes += sizeBytes;
  }
}
