import type { Answer, Model } from "../model.ts";

export type Pairs = [string, Answer][];

export const D1 = "root.sg.d1";
export const D2 = "root.sg.d2";
export const X = "root.hall.deep.x";
export const NINE = [
  "count",
  "sum",
  "avg",
  "min_value",
  "max_value",
  "min_time",
  "max_time",
  "first_value",
  "last_value",
];

export function paths(device: string, ...names: string[]): string[] {
  return names.map((name) => `${device}.${name}`);
}

/** Series of devices, in path order, as a wildcard gives them. */
export function below(model: Model, prefix: string): string[] {
  return model.paths(/./).filter((path) => path.startsWith(`${prefix}.`));
}

export function list(name: string, values: readonly string[]): Answer {
  return { names: [name], rows: values.map((value) => [value]) };
}
