import { sleep, utf8Bytes } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import { type Process, World } from "../src/index.ts";

const LIMITS = { service: "test.Service", maxMessageBytes: 1e6 };

/** A small program that uses every port. */
async function program(self: Process, peer: string): Promise<void> {
  const { clock, disk, random, net, metrics, logger } = self;
  const handlers = { unary: { Echo: async (request: Uint8Array) => request } };
  await net.listen({ host: self.owner.name, port: 1 }, { ...LIMITS, handlers, maxConnections: 9 });
  await disk.mkdir("/data");
  const kv = await self.openKv("/data/kv");
  const file = await disk.open(`/data/${clock.wallMs()}`, "create");
  const connection = net.connect({ host: peer, port: 1 }, { ...LIMITS, metadata: {}, connectTimeoutMs: 500 });
  for (let i = 0; ; i++) {
    await sleep(clock, random.uint32() % 50);
    const bytes = random.bytes(random.uint32() % 2000);
    await file.write([bytes], await file.sizeBytes());
    if (i % 5 === 0) await file.datasync();
    await kv.write([{ op: "put", key: utf8Bytes(`${i}`), value: bytes.subarray(0, 10) }], { sync: i % 3 === 0 });
    await connection.unary("Echo", bytes, { timeoutMs: 100 }).catch((error: Error) => logger.warn(error.message));
    metrics.counter({ name: "t_rounds_total", help: "Rounds." }).add(1);
  }
}

async function traceOf(seed: number): Promise<{ readonly lines: string; readonly hash: string }> {
  const world = new World(seed);
  const lines: string[] = [];
  world.scheduler.onStep = ({ atMs, owner, label }) => lines.push(`${atMs} ${owner.name} ${label}`);
  world.logs.onLine = ({ atMs, process, message }) => lines.push(`${atMs} ${process} ${message}`);
  const machines = ["a", "b"].map((name) => world.addMachine(name, { clockRate: name === "a" ? 1.01 : 1 }));
  for (let round = 0; round < 6; round++) {
    for (const machine of machines) {
      if (machine.process !== undefined) continue;
      void program(machine.start(), machine.name === "a" ? "b" : "a");
    }
    await world.scheduler.run(world.nowMs + 300);
    const victim = world.random.pick(machines);
    if (world.random.chance(0.5)) victim.kill();
    else victim.losePower();
    for (const machine of machines) for (const file of machine.disk.files()) lines.push(JSON.stringify(file));
  }
  return { lines: lines.join("\n"), hash: world.scheduler.trace.text };
}

describe("a seed", () => {
  it("decides everything that happens", async () => {
    const [first, again, other] = [await traceOf(5), await traceOf(5), await traceOf(6)];
    expect(again.lines).toBe(first.lines);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
    expect(first.lines.split("\n").length).toBeGreaterThan(500);
  });
});
