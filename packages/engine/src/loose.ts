import { RingtideError } from "@ringtide/common";
import { DataType, typeName, type Value } from "@ringtide/tsfile";
import type { LooseValue } from "./api.ts";

/**
 * The type of a series that an insert creates: numbers become DOUBLE, so that a first value without a fraction does not fix a type
 * that the next value does not fit. Undefined for null, which says nothing.
 */
export function inferredType(value: LooseValue): DataType | undefined {
  switch (value.kind) {
    case "null":
      return undefined;
    case "boolean":
      return DataType.BOOLEAN;
    case "integer":
    case "decimal":
      return DataType.DOUBLE;
    case "text":
      return DataType.TEXT;
  }
}

/**
 * `value` as the series at `path` of `type` keeps it, undefined for null. TYPE_MISMATCH when the kinds differ (whole numbers fit
 * every number type, fractions FLOAT and DOUBLE), VALUE_OUT_OF_RANGE when the number does not fit.
 */
export function castLoose(value: LooseValue, type: DataType, path: string): Value | undefined {
  switch (value.kind) {
    case "null":
      return undefined;
    case "boolean":
      if (type === DataType.BOOLEAN) return value.value;
      break;
    case "text":
      if (type === DataType.TEXT) return value.value;
      break;
    case "decimal":
      if (type === DataType.DOUBLE) return value.value;
      if (type === DataType.FLOAT) return toFloat(value.value, path);
      break;
    case "integer":
      if (type === DataType.DOUBLE) return Number(value.value);
      if (type === DataType.FLOAT) return toFloat(Number(value.value), path);
      if (type === DataType.INT64) return value.value;
      if (type === DataType.INT32) return toInt32(value.value, path);
      break;
  }
  throw typeMismatch(path, value.kind, typeName(type));
}

export function typeMismatch(path: string, have: string, want: string): RingtideError {
  return new RingtideError("TYPE_MISMATCH", `${path} is ${want}, the value is ${have}`, {
    details: { path, have, want },
  });
}

function toFloat(value: number, path: string): number {
  const float = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(float)) throw outOfRange(path, value, "FLOAT");
  return float;
}

function toInt32(value: bigint, path: string): number {
  if (BigInt.asIntN(32, value) !== value) throw outOfRange(path, value, "INT32");
  return Number(value);
}

function outOfRange(path: string, value: number | bigint, type: string): RingtideError {
  return new RingtideError("VALUE_OUT_OF_RANGE", `${path} is ${type}: ${value} does not fit`, {
    details: { path, want: type },
  });
}
