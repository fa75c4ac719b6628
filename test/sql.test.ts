import { killNode, type LocalClusterState, startCluster } from "@ringtide/cli";
import { connect, type Session } from "@ringtide/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caughtUp, endTestCluster, rpcAddresses, startTestCluster } from "./support/cluster.ts";
import { Dice } from "./support/sql/dice.ts";
import { writeFixed } from "./support/sql/fixed-data.ts";
import { ask, Model } from "./support/sql/model.ts";
import { fixedQuestions } from "./support/sql/questions/all.ts";
import { berlinQuestions } from "./support/sql/questions/functions.ts";
import { writeAtRandom } from "./support/sql/random-data.ts";
import { type Question, randomQuestion } from "./support/sql/random-queries.ts";

/*
 * Every statement of docs/sql.md, through the client, to a real cluster of three nodes. The answers are computed here from the rows that were
 * written. The same questions are asked again after all nodes were killed, and after all rows went into files.
 */
const SEED = Number(process.env["SQL_TEST_SEED"] ?? Date.now() % 1_000_000);
const RANDOM_WRITES = 100;
const RANDOM_QUESTIONS = 300;

const model = new Model();
let state: LocalClusterState;
let sessions: [Session, Session, Session];
let berlin: Session;
let fixed: Question[] = [];
let inBerlin: Question[] = [];
let random: Question[] = [];

async function open(): Promise<void> {
  const addresses = rpcAddresses(state);
  const [one, two, three] = await Promise.all(addresses.map((address) => connect({ addresses: [address] })));
  if (one === undefined || two === undefined || three === undefined) throw new Error("the cluster has three nodes");
  sessions = [one, two, three];
  berlin = await connect({ addresses, zone: "Europe/Berlin" });
}

async function close(): Promise<void> {
  await Promise.all([...sessions, berlin].map((session) => session.close()));
}

beforeAll(async () => {
  console.log(`SQL_TEST_SEED=${SEED}`);
  state = await startTestCluster();
  await open();
  const dice = new Dice(SEED);
  await writeFixed(sessions, model);
  await writeAtRandom(dice, sessions, model, RANDOM_WRITES);
  fixed = fixedQuestions(model);
  inBerlin = berlinQuestions(model);
  random = Array.from({ length: RANDOM_QUESTIONS }, () => randomQuestion(dice, model));
});

afterAll(async () => {
  await close();
  await endTestCluster(state);
});

async function check(
  session: Session,
  questions: readonly Question[],
  consistency: "strong" | "mid" | "weak",
): Promise<void> {
  for (const { sql, expected } of questions)
    expect(await ask(session, sql, consistency), `${sql}\n(${consistency}, SQL_TEST_SEED=${SEED})`).toEqual(expected);
}

/** The fixed questions at every node; each random one at one node at `mid`, at the next at `weak`, and at the third at `strong`. */
async function checkEverywhere(): Promise<void> {
  const third = (node: number) => random.filter((_, i) => i % 3 === node);
  for (const [node, session] of sessions.entries()) {
    await check(session, [...fixed, ...third(node)], "mid");
    await check(session, third((node + 2) % 3), "strong");
  }
  await check(berlin, inBerlin, "mid");
  await caughtUp(rpcAddresses(state));
  for (const [node, session] of sessions.entries()) {
    await check(session, [...fixed, ...third((node + 1) % 3)], "weak");
  }
}

describe("every statement, at every node", () => {
  it("answers what was written", checkEverywhere);

  it("says who answered", async () => {
    for (const session of sessions) {
      for (const [consistency, served] of [
        ["strong", "leader"],
        ["mid", "leader"],
        ["weak", "local"],
      ] as const) {
        const result = await session.execute("SELECT * FROM root.sg", { consistency });
        await result.toArray();
        expect(result.served).toBe(served);
      }
    }
  });

  it("writes and deletes at now()", async () => {
    const [one, two, three] = sessions;
    const startedMs = Date.now();
    await one.execute("INSERT INTO root.present.d(s) VALUES (3)");
    await two.execute("INSERT INTO root.present.d(s, time) VALUES (4, now() - 40d), (5, now() + 1h)");
    const { rows } = await ask(three, "SELECT s FROM root.present.d");
    expect(rows.map((row) => row[1])).toEqual([4, 3, 5]);
    expect(Math.abs(Number(rows[1]?.[0]) - startedMs)).toBeLessThan(60_000);
    expect((await ask(two, "SELECT LAST s FROM root.present.d WHERE time > now() - 1h")).rows[0]?.[2]).toBe("5.0");
    await three.execute("DELETE FROM root.present.d.s WHERE time <= now() - 30d");
    expect((await ask(one, "SELECT s FROM root.present.d WHERE time < now()")).rows.map((row) => row[1])).toEqual([3]);
    await one.execute("DELETE STORAGE GROUP root.present");
  });

  it("answers the same after kill -9 of all nodes", async () => {
    await close();
    await Promise.all(state.nodes.map(({ number }) => killNode(state.directory, number)));
    state = await startCluster({
      directory: state.directory,
      nodes: 3,
      replicas: 3,
      basePort: undefined,
      flags: {},
    });
    await open();
    await checkEverywhere();
  });

  it("answers the same once everything is in files", async () => {
    await sessions[2].execute("FLUSH");
    await checkEverywhere();
  });
});
