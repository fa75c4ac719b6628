import { CATALOGUE, type Occasion } from "@ringtide/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { type Kill, killDuringFormation, killUnderLoad, type RunResult, type Target } from "./support/kills.ts";
import { killInSnapshots } from "./support/snapshot-kills.ts";

/** All of the catalogue, several minutes; else those whose names the pattern of FAILPOINTS fits, or a selection. */
const isFull = process.env["ROBUSTNESS"] === "full";
const pattern = process.env["FAILPOINTS"];
const FULL_MS = 30 * 60_000;
const SHORT_MS = 180_000;
const NODES = 3;
/** So that a run stays short enough to say what it was that broke something. */
const TARGETS_PER_LOAD = 10;

/** One of each kind of step. */
const SELECTION = {
  formation: [
    "identity.replace.written formation",
    "log.segment.write.partial formation",
    "kv.identity.write.after formation",
  ],
  load: [
    "log.segment.write.partial load",
    "log.segment.sync.before load",
    "log.segment.sync.before start",
    "log.cuts.replace.written load",
    "file.rename.after load",
    "kv.checkpoint.write.after load",
    "send.append.after load",
    "answer.insert.before load",
  ],
  snapshot: ["kv.install.write.after snapshot"],
} as const satisfies Record<string, readonly string[]>;

/** The identity is written for the UUID, for the record, and when log and store were made. */
const FORMATION_HITS: Readonly<Record<string, number>> = { "identity.replace": 3, "group.dir.make": 3 };

const results: RunResult[] = [];
const kills = (): Kill[] => results.flatMap((result) => [...result.kills]);

function targetsOf(...occasions: readonly Occasion[]): Target[] {
  return CATALOGUE.flatMap(({ name, occasions: own }) =>
    occasions.filter((occasion) => own.includes(occasion)).map((occasion) => ({ name, occasion, hit: 1 })),
  );
}

/** What this run is about. */
function chosen(targets: readonly Target[], selection: readonly string[]): Target[] {
  if (isFull) return [...targets];
  if (pattern !== undefined) return targets.filter(({ name }) => new RegExp(pattern).test(name));
  return targets.filter(({ name, occasion, hit }) => hit === 1 && selection.includes(`${name} ${occasion}`));
}

function formationTargets(): Target[] {
  const all = targetsOf("formation").flatMap((target) => {
    const step = target.name.slice(0, target.name.lastIndexOf("."));
    return Array.from({ length: FORMATION_HITS[step] ?? 1 }, (_, i) => ({ ...target, hit: i + 1 }));
  });
  return chosen(all, SELECTION.formation);
}

function loadTargets(): Target[] {
  return chosen(targetsOf("load", "start", "election", "balance", "torn"), SELECTION.load);
}

function snapshotTargets(): Target[] {
  return chosen(targetsOf("snapshot"), SELECTION.snapshot);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** A cluster for every few targets. */
async function killAtAll(
  all: readonly Target[],
  run: (targets: readonly Target[]) => Promise<RunResult>,
): Promise<void> {
  for (const targets of chunks(all, TARGETS_PER_LOAD)) {
    const result = await run(targets);
    results.push(result);
    expect(result.missed, "nobody came by").toEqual([]);
  }
}

afterAll(() => {
  const hits = new Map<string, number>();
  for (const result of results) for (const [name, count] of result.hits) hits.set(name, (hits.get(name) ?? 0) + count);
  const rows = CATALOGUE.filter(({ name }) => kills().some((kill) => kill.name === name)).map(({ name, occasions }) => {
    const ended = kills().filter((kill) => kill.name === name);
    const where = occasions.map((on) => `${on} ${ended.filter((kill) => kill.occasion === on).length}`).join(", ");
    return `${name.padEnd(34)} ${String(hits.get(name) ?? 0).padStart(8)} passes   killed: ${where}`;
  });
  const acknowledged = results.reduce((sum, result) => sum + result.acknowledgedRows, 0);
  console.log([...rows, `${kills().length} kills, ${acknowledged} acknowledged rows, none lost`].join("\n"));
});

describe("a node that dies between two durable steps, and is started again", () => {
  it(
    "forms the cluster nevertheless",
    async () => {
      let left = formationTargets();
      for (let attempt = 0; attempt < NODES && left.length > 0; attempt++) {
        const missed: Target[] = [];
        for (const targets of chunks(left, NODES)) {
          // Which node comes by a step may depend on its place: each attempt gives it to another.
          const turned = Array.from({ length: NODES }, (_, i) => targets[(i + attempt) % NODES]);
          const result = await killDuringFormation(turned);
          results.push(result);
          missed.push(...result.missed);
        }
        left = missed;
      }
      expect(left, "nobody came by").toEqual([]);
    },
    isFull ? FULL_MS : SHORT_MS,
  );

  it(
    "loses no acknowledged row and ends with the same files as the others",
    async () => {
      await killAtAll(loadTargets(), killUnderLoad);
    },
    isFull ? FULL_MS : SHORT_MS,
  );

  it(
    "catches up by a snapshot that its sender or its receiver died over",
    async () => {
      await killAtAll(snapshotTargets(), killInSnapshots);
    },
    isFull || pattern !== undefined ? FULL_MS : SHORT_MS,
  );

  it("came by no place that the catalogue lacks", () => {
    const known = new Set(CATALOGUE.map(({ name }) => name));
    const unknown = new Set(results.flatMap(({ hits }) => [...hits.keys()]).filter((name) => !known.has(name)));
    expect([...unknown].sort(), "places that the catalogue lacks").toEqual([]);
  });
});
