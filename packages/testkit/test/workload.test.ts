import type { Session } from "@ringtide/client";
import {
  checkLinearizable,
  HistoryRecorder,
  KeySpace,
  prepareWorkload,
  runWorkload,
  SeededRandom,
  toJsonLines,
  type WorkloadSession,
} from "@ringtide/testkit";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type RegisterFaults, RegisterStore } from "./support/register-sessions.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const SLOTS = { name: "device-hash", slotCount: 10_000, salt: 2333 } as const;
const SHAPE = { groups: 3, slotStrategy: SLOTS, devicesPerGroup: 2, hotTimes: 1, coldTimes: 10, hotShare: 0.6 };
const NO_FAULTS: RegisterFaults = { refused: 0, lost: 0, silent: 0, stale: 0 };

function run(seed: number, faults: RegisterFaults, runMs = 20_000) {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const store = new RegisterStore(clock, random.fork(), faults);
  const keys = new KeySpace(SHAPE);
  const recorder = new HistoryRecorder(() => clock.monotonicMs() * 1e6);
  const stop = new AbortController();
  const clients = Array.from({ length: 5 }, () => [store.session(), store.session(), store.session()]);
  const whole = async () => {
    await prepareWorkload(store.session(), keys, clock, 1_000);
    clock.setTimer(runMs, () => stop.abort());
    const options = { clients, keys, recorder, clock, random, stop: stop.signal, requestTimeoutMs: 500, thinkMs: 20 };
    const tally = await runWorkload(options);
    return { tally, history: recorder.operations(), keys, store, endMs: clock.monotonicMs() };
  };
  return clock.run(whole());
}

it("runs on sessions of the client library", () => {
  expectTypeOf<Session>().toExtend<WorkloadSession>();
});

it("has devices in every data group, several of them in one", () => {
  const { devices } = new KeySpace(SHAPE);
  expect(devices).toHaveLength(6);
  expect(new Set(devices).size).toBe(6);
});

describe("a workload", () => {
  it("shares hot and cold points between its clients: written one by one and as tablets, deleted and read", async () => {
    const { history, tally, store, keys } = await run(1, NO_FAULTS);
    expect(store.series).toEqual(new Set(keys.devices.map((device) => `${device}.v`)));
    const clientsOf = new Map<string, Set<number>>();
    for (const { key, client } of history) clientsOf.set(key, (clientsOf.get(key) ?? new Set()).add(client));
    const hot = [...clientsOf].filter(([key]) => key.endsWith("@1000"));
    expect(hot).toHaveLength(6);
    for (const [, clients] of hot) expect(clients.size).toBeGreaterThanOrEqual(3);
    expect(clientsOf.size).toBeGreaterThan(40);
    expect(new Set(history.map(({ op }) => op))).toEqual(new Set(["write", "read", "delete"]));
    expect(history.length).toBeGreaterThan(tally.requests);
    expect(tally).toMatchObject({ answered: tally.requests, timedOut: 0, errors: {} });
    expect(history.some(({ op, value }) => op === "read" && value !== null)).toBe(true);
    expect(checkLinearizable(history)).toMatchObject({ ok: true });
  });

  it("leaves a linearizable history of registers that refuse, lose answers, act late and stay silent", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { history, tally, endMs } = await run(seed, { refused: 0.05, lost: 0.1, silent: 0.03, stale: 0 });
      const { requests, answered, timedOut, errors } = tally;
      expect(answered + timedOut + Object.values(errors).reduce((sum, count) => sum + count, 0)).toBe(requests);
      expect(timedOut).toBeGreaterThan(0);
      expect(Object.keys(errors)).toEqual(["NET_CLOSED", "OVERLOADED"]);
      expect(history.some((each) => each.ok === false)).toBe(true);
      expect(endMs).toBeLessThan(20_000 + 1_000);
      expect(checkLinearizable(history), `seed ${seed}`).toMatchObject({ ok: true });
    }
  });

  it("finds registers that answer with what was there before", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { history } = await run(seed, { ...NO_FAULTS, stale: 0.05 });
      expect(checkLinearizable(history), `seed ${seed}`).toMatchObject({ ok: false, verdict: "violated" });
    }
  });

  it("is the same again under the same seed", async () => {
    const faults = { refused: 0.05, lost: 0.1, silent: 0.03, stale: 0 };
    const [one, two, other] = [await run(7, faults), await run(7, faults), await run(8, faults)];
    expect(toJsonLines(two.history)).toBe(toJsonLines(one.history));
    expect(toJsonLines(other.history)).not.toBe(toJsonLines(one.history));
  });

  it("ends loudly at an answer that makes no sense", async () => {
    const clock = new VirtualClock();
    const twice = { toArray: () => Promise.resolve([{ values: [1n] }, { values: [2n] }]) };
    const session: WorkloadSession = { execute: () => Promise.resolve(twice), insert: () => Promise.resolve() };
    const recorder = new HistoryRecorder(() => clock.monotonicMs() * 1e6);
    const options = { keys: new KeySpace(SHAPE), recorder, clock, random: new SeededRandom(1), requestTimeoutMs: 500 };
    const { signal } = new AbortController();
    const running = runWorkload({ ...options, clients: [[session], [session], [session]], stop: signal, thinkMs: 5 });
    await expect(clock.run(running)).rejects.toThrow(/SELECT v FROM .* gave 2 rows/);
  });
});
