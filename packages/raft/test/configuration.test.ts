import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationLog } from "../src/configuration-log.ts";
import { type Configuration, decodeConfiguration, type Entry, EntryKind, encodeConfiguration } from "../src/index.ts";

const final = (...voters: number[]): Configuration => ({ voters, votersOutgoing: [], learners: [] });
const joint = (voters: number[], votersOutgoing: number[]): Configuration => ({ voters, votersOutgoing, learners: [] });

function change(index: number, configuration: Configuration): Entry {
  const payload = encodeConfiguration(configuration);
  return { index, term: 1, kind: EntryKind.CONFIG_CHANGE, session: 0, sequence: 0, payload };
}

describe("the codec of configurations", () => {
  it("gives back what it was given", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 0xffffffff }), { maxLength: 9 });
    fc.assert(
      fc.property(ids, ids, ids, (voters, votersOutgoing, others) => {
        fc.pre(voters.length > 0);
        const learners = others.filter((id) => !voters.includes(id));
        const configuration = { voters, votersOutgoing, learners };
        expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
      }),
    );
  });

  it("names what is no configuration", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeConfiguration(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "FORMAT_UNKNOWN" });
        }
      }),
    );
    const sound = encodeConfiguration(final(1, 2));
    expect(() => decodeConfiguration(sound.subarray(0, 8))).toThrow(/no group configuration/);
    expect(() => decodeConfiguration(Uint8Array.of(1, 2, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0))).toThrow(/no group/);
    expect(() => encodeConfiguration({ voters: [1], votersOutgoing: [], learners: [1] })).toThrow(
      /not a configuration/,
    );
  });
});

describe("configurations along a log", () => {
  it("are in force from their entry on, until it is cut off", () => {
    const log = new ConfigurationLog(final(1, 2, 3), 4);
    expect(log.note([change(5, joint([1, 4], [1, 2, 3]))], 0, 4)).toBe(true);
    expect(log.current.voters).toEqual([1, 4]);
    log.note([change(7, final(1, 4))], 0, 4);
    expect([log.index, log.current.votersOutgoing]).toEqual([7, []]);
    log.truncateFrom(6);
    expect([log.index, log.current.votersOutgoing]).toEqual([5, [1, 2, 3]]);
    log.truncateFrom(5);
    expect([log.index, log.current.voters]).toEqual([4, [1, 2, 3]]);
  });

  it("leave out entries that were there before, and what is no change", () => {
    const log = new ConfigurationLog(final(1, 2, 3), 9);
    const command = { ...change(10, final(7)), kind: EntryKind.PHYSICAL_PLAN };
    expect(log.note([change(8, final(1)), command], 0, 9)).toBe(false);
    expect(log.note([change(10, final(5)), command], 1, 9)).toBe(false);
    expect(log.current.voters).toEqual([1, 2, 3]);
  });

  it("know who may still be needed to win", () => {
    const log = new ConfigurationLog(final(1, 2), 1);
    log.note([change(2, joint([2], [1, 2])), change(3, final(2))], 0, 1);
    expect([log.mayVoteIn(1, 2), log.mayVoteIn(1, 3)]).toEqual([true, false]);
    expect([log.mayVoteIn(2, 3), log.mayVoteIn(3, 1)]).toEqual([true, false]);
  });
});
