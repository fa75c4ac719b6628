import { readFileSync } from "node:fs";
import { PROJECT } from "./scripts.ts";

/** One line of the data set: the time in ms since 1970, and its fields by name, as text. */
export interface Line {
  readonly time: number;
  readonly fields: Readonly<Record<string, string>>;
}

export function field(line: Line, name: string): string {
  const value = line.fields[name];
  if (value === undefined) throw new Error(`no field ${name}`);
  return value;
}

export function number(line: Line, name: string): number {
  return Number(field(line, name));
}

/** Lines of comma-separated text whose fields have no quotes; the first line names them. */
export function linesOf(text: string): Record<string, string>[] {
  const [names = "", ...lines] = text.trimEnd().split(/\r?\n/);
  return lines.map((line) => {
    const fields = line.split(",");
    return Object.fromEntries(names.split(",").map((name, i) => [name, fields[i] ?? ""]));
  });
}

/** A file of the npm package vega-datasets, whose dates have no zone: they count as UTC. */
function read(file: string): Line[] {
  return linesOf(readFileSync(`${PROJECT}/node_modules/vega-datasets/data/${file}`, "utf8")).map((fields) => {
    const [year = 0, month = 0, day = 0, hour = 0] = (fields["date"] ?? "").split(/\D/).map(Number);
    return { time: Date.UTC(year, month - 1, day, hour), fields };
  });
}

const daily = read("weather.csv");

/** What the quickstart loads: the lines of each device, and the fields that become its measurements. */
export const DEVICES: Readonly<Record<string, { readonly lines: readonly Line[]; readonly measurements: string[] }>> = {
  "root.weather.seattle": {
    lines: daily.filter((line) => field(line, "location") === "Seattle"),
    measurements: ["precipitation", "temp_max", "temp_min", "wind", "weather"],
  },
  "root.weather.new_york": {
    lines: daily.filter((line) => field(line, "location") === "New York"),
    measurements: ["precipitation", "temp_max", "temp_min", "wind", "weather"],
  },
  "root.normals.seattle": {
    lines: read("seattle-weather-hourly-normals.csv"),
    measurements: ["pressure", "temperature", "wind"],
  },
};

export function linesOfDevice(device: string): readonly Line[] {
  return DEVICES[device]?.lines ?? [];
}
