/** An invariant that does not hold: its name, and what was seen. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, seen: string) {
    super(`${invariant}: ${seen}`);
    this.name = "Violation";
    this.invariant = invariant;
  }
}
