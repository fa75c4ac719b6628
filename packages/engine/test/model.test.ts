import { describe, expect, it } from "vitest";
import { encodeCommand } from "../src/commands.ts";
import { compareDevice } from "./support/compare.ts";
import { Host } from "./support/host.ts";
import { Model } from "./support/model.ts";
import { SeededRandom } from "./support/random.ts";
import { randomCommand } from "./support/workload.ts";

const STEPS = 220;

/** Fixed seeds; ENGINE_SEED gives another one. */
const seeds = process.env["ENGINE_SEED"] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env["ENGINE_SEED"])];

describe.each(seeds)("an engine under random commands, seed %i", (seed) => {
  it("answers like a map of points, over closes and restarts, and equals a replica that never restarted", async () => {
    const random = new SeededRandom(seed);
    const model = new Model();
    const options = { blockRows: 32, maxBatchRows: 24 };
    const host = await Host.start(options);
    const replica = await Host.start(options);
    try {
      for (let step = 0; step < STEPS; step++) {
        const command = randomCommand(random, model);
        const outcome = host.apply(command);
        expect(replica.append(encodeCommand(undefined, command))).toEqual(outcome);
        if (outcome.ok) model.apply(command);
        if (random.chance(8)) for (const one of [host, replica]) one.append("close");
        if (random.chance(5)) await host.engine.settled();
        if (random.chance(3)) await host.restart();
        if (random.chance(20)) {
          expect(host.engine.schema.deviceCount).toBe(model.devices().length);
          for (const device of model.devices()) await compareDevice(host.engine, model, device, random);
        }
      }
      for (const one of [host, replica]) await one.closeFile();
      expect(host.engine.memtableBytes).toBe(0);
      expect(host.engine.files().length).toBeGreaterThan(3);
      expect(host.engine.files()).toEqual(replica.engine.files());
      await host.restart();
      for (const device of model.devices())
        for (const one of [host, replica]) await compareDevice(one.engine, model, device, random);
    } finally {
      await host.destroy();
      await replica.destroy();
    }
  });
});
