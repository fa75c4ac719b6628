import {
  clockConformance,
  computeConformance,
  diskConformance,
  kvConformance,
  loggerConformance,
  metricsConformance,
  netConformance,
  randomConformance,
} from "@ringtide/common/conformance";
import {
  DiskStore,
  LogBook,
  Network,
  openSimKv,
  SeededRandom,
  SimClock,
  SimDisk,
  SimMetrics,
  SimNet,
  simCompute,
} from "../src/index.ts";
import { pumped } from "./support.ts";

const dispose = async () => undefined;

for (const rate of [1, 0.97, 1.03]) {
  clockConformance(`simulated, rate ${rate}`, async () => {
    const { scheduler, stop } = pumped();
    const clock = new SimClock(scheduler, scheduler.owner("process"), { rate, offsetMs: 12_345.678 });
    return { clock, dispose: async () => stop() };
  });
}

randomConformance("seeded", async () => ({ random: new SeededRandom(7), dispose }));

diskConformance("simulated", async () => {
  const { scheduler, stop } = pumped();
  const store = new DiskStore(scheduler, new SeededRandom(1));
  store.prepareDirectory("/data");
  const disk = new SimDisk(scheduler, scheduler.owner("process"), store);
  return { disk, directory: "/data", dispose: async () => stop() };
});

kvConformance("simulated", async () => {
  const { scheduler, stop } = pumped();
  const store = new DiskStore(scheduler, new SeededRandom(1));
  return {
    open: openSimKv(scheduler, scheduler.owner("process"), store),
    directory: "/data/kv",
    dispose: async () => stop(),
  };
});

computeConformance("simulated", async () => {
  const { scheduler, stop } = pumped();
  const url = import.meta.resolve("@ringtide/common/conformance").replace(/index\.ts$/, "compute-tasks.ts");
  const modules = new Map([[url, (await import(url)) as Record<string, unknown>]]);
  return { compute: simCompute(scheduler.owner("process"), modules), dispose: async () => stop() };
});

metricsConformance("simulated", async () => ({ metrics: new SimMetrics(), dispose }));

loggerConformance("simulated", async () => {
  const book = new LogBook(() => 0);
  return { logger: book.logger("process"), lines: async () => book.lines, dispose };
});

netConformance("simulated", async () => {
  const { scheduler, stop } = pumped();
  const owner = scheduler.owner("process");
  const clock = new SimClock(scheduler, owner);
  const net = new SimNet(new Network(scheduler, new SeededRandom(1)), owner, clock, "host");
  return { net, clock, host: "host", dispose: async () => stop() };
});
