import { DataType, type Value } from "@ringtide/tsfile";

/** A value as SELECT LAST shows it: decimals always with a point, FLOAT with no more digits than tell it from its neighbours. */
export function valueText(type: DataType, value: Value): string {
  if (typeof value !== "number" || type === DataType.INT32) return String(value);
  const text = type === DataType.FLOAT ? floatText(value) : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function floatText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(9)));
}
