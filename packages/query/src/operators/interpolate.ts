import { DataType, type Point, type Value } from "@ringtide/tsfile";
import type { FillRule } from "../wire/fragment.ts";

/** The rule for a type: the one that names it before one for all. */
export function ruleFor(rules: readonly FillRule[], type: DataType): FillRule | undefined {
  return rules.find((rule) => rule.type === type) ?? rules.find((rule) => rule.type === undefined);
}

/** The value at `time` on the line between two points; whole types are rounded down. Nothing for BOOLEAN and TEXT. */
export function interpolate(type: DataType, before: Point, after: Point, time: bigint): Value | undefined {
  if (type === DataType.BOOLEAN || type === DataType.TEXT) return undefined;
  const passed = time - before.time;
  const whole = after.time - before.time;
  if (typeof before.value === "bigint" && typeof after.value === "bigint") {
    return before.value + floorDivide((after.value - before.value) * passed, whole);
  }
  const from = Number(before.value);
  const to = Number(after.value);
  const part = Number(passed) / Number(whole);
  const value = from * (1 - part) + to * part;
  return type === DataType.INT32 ? Math.floor(value) : value;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
