import type { Clock } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";
import type { TimeExpression } from "@ringtide/sql";
import { MAX_TIME, MIN_TIME } from "@ringtide/tsfile";

const TICKS_PER_MS = { ms: 1n, us: 1000n, ns: 1_000_000n } as const;

/** The present in ticks, as this node's wall clock has it. */
export function nowTicks(clock: Clock, precision: "ms" | "us" | "ns"): bigint {
  return BigInt(Math.floor(clock.wallMs())) * TICKS_PER_MS[precision];
}

/** A written time in ticks; `now` was fixed once for the statement. TIME_OUT_OF_RANGE beyond signed 64 bits. */
export function resolveTime(time: TimeExpression, now: bigint): bigint {
  if (time.kind === "ticks") return time.value;
  const value = now + time.offset;
  if (value < MIN_TIME || value > MAX_TIME)
    throw new RingtideError("TIME_OUT_OF_RANGE", `now() with that offset is ${value}`);
  return value;
}
