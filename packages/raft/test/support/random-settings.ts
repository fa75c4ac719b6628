import type { NodeId } from "@ringtide/common";
import type { Configuration } from "../../src/index.ts";
import type { SeededRandom } from "./random.ts";
import type { CoreLimits } from "./sim-node.ts";

const baseLimits: CoreLimits = {
  electionTicksMin: 6,
  electionTicksMax: 12,
  heartbeatTicks: 2,
  leaseMs: 0,
  quiesceAfterTicks: 0,
  maxInflightRequests: 3,
  maxInflightBytes: 1000,
  maxAppendBytes: 300,
  maxUncommittedBytes: 4000,
  memoryEntriesMax: 8,
  memoryEntriesMin: 3,
  memoryBytesMax: 2000,
};

export const TICK_MS = 10;
/** Clocks run between 1/1.1 and 1.1 times real time. */
export const DRIFT = 1.1;
/** The longest that is safe: (electionTicksMin − 1) ticks of the fastest clock, as the slowest measures them. */
const LEASE_MS = ((baseLimits.electionTicksMin - 1) * TICK_MS) / DRIFT ** 2;

const configurations: readonly Configuration[] = [
  { voters: [1, 2, 3], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3, 4, 5], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3], votersOutgoing: [], learners: [4] },
  { voters: [1, 2, 3], votersOutgoing: [3, 4, 5], learners: [] },
  { voters: [1], votersOutgoing: [], learners: [2] },
];

/** What one run is about: many lack some faults and some features altogether. */
export interface RandomSettings {
  readonly configuration: Configuration;
  /** All nodes there ever are. */
  readonly ids: readonly NodeId[];
  readonly limits: CoreLimits;
  /** Disks lose entries that were durable. */
  readonly damage: boolean;
  /** Logs are cut although some replica still needs them. */
  readonly snapshots: boolean;
  readonly membership: boolean;
  readonly reads: boolean;
  /** Disks and state machines answer at once: leaders follow each other the faster. */
  readonly prompt: boolean;
  /** Elections follow each other faster than logs can be evened out. */
  readonly storm: number;
}

export function drawSettings(random: SeededRandom): RandomSettings {
  const configuration = random.pick(configurations);
  const { voters, votersOutgoing, learners } = configuration;
  const membersCount = new Set([...voters, ...votersOutgoing, ...learners]).size;
  // Entries that were durable may be lost on one of three disks, not on the only one.
  const damage = random.chance(0.15) && voters.length >= 3;
  const membership = !damage && random.chance(0.5);
  const idCount = membership ? Math.max(membersCount, 3 + random.below(3)) : membersCount;
  const leases = random.chance(0.3);
  return {
    configuration,
    ids: Array.from({ length: idCount }, (_, at) => at + 1),
    limits: {
      ...baseLimits,
      leaseMs: leases ? LEASE_MS : 0,
      quiesceAfterTicks: random.chance(0.3) ? 1 + random.below(12) : 0,
    },
    damage,
    snapshots: random.chance(0.4),
    membership,
    reads: leases || random.chance(0.5),
    // A lease is short: to be caught with one that it should not have, a leader must be replaced at once.
    prompt: random.chance(leases ? 0.7 : 0.2),
    storm: !leases && random.chance(0.4) ? 4 : 1,
  };
}
