/** Runs pieces of work one after the other, in the order of the calls. Each caller waits for its own. */
export class Exclusive {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    const ended = () => undefined;
    this.#last = result.then(ended, ended);
    return result;
  }
}
