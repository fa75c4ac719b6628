import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { committedIndex, hasQuorum, voteResult } from "../src/quorum.ts";
import type { Configuration } from "../src/types.ts";

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 });
const configurations: fc.Arbitrary<Configuration> = fc.record({
  voters: ids,
  votersOutgoing: fc.oneof(fc.constant([]), ids),
  learners: fc.constant([10, 11]),
});
const matches = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 12, maxLength: 12 });

/** By definition: more than half of each voter set. */
function agreed(configuration: Configuration, has: (id: number) => boolean): boolean {
  return [configuration.voters, configuration.votersOutgoing].every(
    (voters) => voters.length === 0 || voters.filter(has).length * 2 > voters.length,
  );
}

describe("quorum", () => {
  it("commits the highest index that a majority of each voter set has", () => {
    fc.assert(
      fc.property(configurations, matches, (configuration, match) => {
        const index = committedIndex(configuration, (id) => match[id] ?? 0);
        expect(agreed(configuration, (id) => (match[id] ?? 0) >= index)).toBe(true);
        expect(agreed(configuration, (id) => (match[id] ?? 0) >= index + 1)).toBe(false);
      }),
    );
  });

  it("never moves back when a replica has more, nor by what learners have", () => {
    fc.assert(
      fc.property(configurations, matches, fc.integer({ min: 1, max: 11 }), (configuration, match, grown) => {
        const before = committedIndex(configuration, (id) => match[id] ?? 0);
        const after = committedIndex(configuration, (id) => (match[id] ?? 0) + (id === grown ? 5 : 0));
        expect(after).toBeGreaterThanOrEqual(before);
        if (grown >= 10) expect(after).toBe(before);
      }),
    );
  });

  it("wins, loses and waits as the votes still missing allow", () => {
    const ballots = fc.array(fc.constantFrom(true, false, undefined), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(configurations, ballots, (configuration, ballot) => {
        const votes = new Map<number, boolean>();
        for (const [id, vote] of ballot.entries()) if (vote !== undefined) votes.set(id, vote);
        const won = agreed(configuration, (id) => votes.get(id) === true);
        const canWin = agreed(configuration, (id) => votes.get(id) !== false);
        expect(voteResult(configuration, votes)).toBe(won ? "won" : canWin ? "pending" : "lost");
        expect(hasQuorum(configuration, (id) => votes.get(id) === true)).toBe(won);
      }),
    );
  });

  it("lets no two elections win with different votes: quorums meet in a voter", () => {
    fc.assert(
      fc.property(configurations, fc.uniqueArray(fc.integer({ min: 1, max: 9 })), (configuration, some) => {
        const side = (inside: boolean) => (id: number) => some.includes(id) === inside;
        expect(hasQuorum(configuration, side(true)) && hasQuorum(configuration, side(false))).toBe(false);
      }),
    );
  });
});
