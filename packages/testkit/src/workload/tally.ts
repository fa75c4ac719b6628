/** What became of the requests of a workload. */
export interface Tally {
  /** Requests; a tablet is one. */
  readonly requests: number;
  readonly answered: number;
  /** No answer within the time-out. */
  readonly timedOut: number;
  /** Errors by code, time-outs left out. */
  readonly errors: Readonly<Record<string, number>>;
}

export class Counts {
  #requests = 0;
  #answered = 0;
  #timedOut = 0;
  readonly #errors = new Map<string, number>();

  request(): void {
    this.#requests++;
  }
  answer(): void {
    this.#answered++;
  }
  timeout(): void {
    this.#timedOut++;
  }
  error(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  tally(): Tally {
    const errors = Object.fromEntries([...this.#errors].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { requests: this.#requests, answered: this.#answered, timedOut: this.#timedOut, errors };
  }
}
