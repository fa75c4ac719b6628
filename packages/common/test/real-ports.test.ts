import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inlineCompute } from "@ringtide/common";
import {
  clockConformance,
  computeConformance,
  diskConformance,
  kvConformance,
  loggerConformance,
  metricsConformance,
  randomConformance,
} from "@ringtide/common/conformance";
import {
  createCompute,
  createDisk,
  createLogger,
  createMetrics,
  holdingClock,
  openLevelKv,
  systemClock,
  systemRandom,
} from "@ringtide/common/node";

const dispose = async () => undefined;

function temporary() {
  const directory = mkdtempSync(join(tmpdir(), "ringtide-ports-"));
  return { directory, dispose: async () => rmSync(directory, { recursive: true, force: true }) };
}

clockConformance("system", async () => ({ clock: systemClock, dispose }));
clockConformance("holding", async () => ({ clock: holdingClock, dispose }));
randomConformance("system", async () => ({ random: systemRandom, dispose }));
diskConformance("file system", async () => ({ disk: createDisk(), ...temporary() }));
kvConformance("LevelDB", async () => {
  const { directory, dispose } = temporary();
  return { open: openLevelKv, directory: join(directory, "kv"), dispose };
});
computeConformance("worker threads", async () => {
  const compute = createCompute({ threads: 2 });
  return { compute, dispose: () => compute.close() };
});
computeConformance("inline", async () => ({ compute: inlineCompute, dispose }));
metricsConformance("prom-client", async () => ({ metrics: createMetrics(), dispose }));

for (const sync of [true, false]) {
  loggerConformance(`pino, ${sync ? "synchronous" : "in the background"}`, async () => {
    const { directory, dispose } = temporary();
    const path = join(directory, "node.log");
    return {
      logger: createLogger({ level: "info", destination: path, sync }),
      lines: async () => readFileSync(path, "utf8").split("\n").filter(Boolean).map(parseLine),
      dispose,
    };
  });
}

function parseLine(text: string) {
  const { level, message, time: _, ...fields } = JSON.parse(text) as Record<string, unknown>;
  return { level: String(level), message: String(message), fields };
}
