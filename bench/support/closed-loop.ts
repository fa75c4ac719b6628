import { percentile, round } from "./figures.ts";

export interface LoopOptions {
  readonly outstanding: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Resolves when the value with this number has been acknowledged. */
  readonly put: (number: number) => Promise<void>;
}

export interface LoopResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** What one operation costs this process: a client that needs a CPU of its own is what is measured. */
  readonly clientCpuMicros: number;
  /** Acknowledged in all, warm-up included. */
  readonly acknowledged: number;
}

/** Puts values one after the other, `outstanding` at a time. */
export async function closedLoop({ outstanding, warmUpMs, measureMs, put }: LoopOptions): Promise<LoopResult> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const fromMs = startedMs + warmUpMs;
  const untilMs = fromMs + measureMs;
  let sent = 0;
  let cpuBefore: NodeJS.CpuUsage | undefined;
  const worker = async () => {
    for (let beganMs = performance.now(); beganMs < untilMs; ) {
      await put(sent++);
      const nowMs = performance.now();
      // Counted by the end: every acknowledgement of the measured time, also of what began before it.
      if (nowMs >= fromMs) {
        cpuBefore ??= process.cpuUsage();
        if (nowMs < untilMs) latenciesMs.push(nowMs - beganMs);
      }
      beganMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: outstanding }, worker));
  const cpu = process.cpuUsage(cpuBefore);
  return {
    perSecond: Math.round(latenciesMs.length / (measureMs / 1000)),
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: round(latenciesMs.reduce((max, each) => Math.max(max, each), 0)),
    clientCpuMicros: round((cpu.user + cpu.system) / Math.max(1, latenciesMs.length)),
    acknowledged: sent,
  };
}
