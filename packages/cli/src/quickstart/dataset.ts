import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RingtideError } from "@ringtide/common";

const DATA = resolve(dirname(fileURLToPath(import.meta.url)), "../../../../node_modules/vega-datasets/data");

/** One device of the quickstart's data, as columns. */
export interface Station {
  readonly device: string;
  /** Milliseconds since 1970, UTC. */
  readonly times: readonly number[];
  readonly columns: readonly {
    readonly name: string;
    readonly type: "DOUBLE" | "TEXT";
    readonly values: readonly (number | string)[];
  }[];
}

/**
 * Weather measurements of the npm package vega-datasets: daily observations of Seattle and New York, 2012 to 2015 (precipitation, greatest
 * and least temperature, wind, kind of weather), and hourly normals of Seattle for 2010 (pressure, temperature, wind). From NOAA.
 */
export function readStations(): Station[] {
  const daily = readCsv("weather.csv");
  const place = columnOf(daily, "location");
  const stationOf = (location: string, device: string): Station => {
    const rows = daily.rows.filter((row) => row[place] === location);
    return station(device, { ...daily, rows }, ["precipitation", "temp_max", "temp_min", "wind", "weather"]);
  };
  return [
    stationOf("Seattle", "root.weather.seattle"),
    stationOf("New York", "root.weather.new_york"),
    station("root.normals.seattle", readCsv("seattle-weather-hourly-normals.csv"), ["pressure", "temperature", "wind"]),
  ];
}

interface Csv {
  readonly file: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function readCsv(name: string): Csv {
  const file = `${DATA}/${name}`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new RingtideError("DISK_NOT_FOUND", `${file} is missing: run 'npm ci' in the project's directory`, {
      cause: error,
    });
  }
  const [header = "", ...lines] = text.trimEnd().split(/\r?\n/);
  return { file, header: header.split(","), rows: lines.map((line) => line.split(",")) };
}

function columnOf(csv: Csv, name: string): number {
  const column = csv.header.indexOf(name);
  if (column < 0) throw new RingtideError("FORMAT_UNKNOWN", `${csv.file} has no column ${name}`);
  return column;
}

function station(device: string, csv: Csv, names: readonly string[]): Station {
  const date = columnOf(csv, "date");
  const times = csv.rows.map((row) => Date.parse(utc(row[date] ?? "")));
  const columns = names.map((name) => {
    const column = columnOf(csv, name);
    if (name === "weather") return { name, type: "TEXT" as const, values: csv.rows.map((row) => row[column] ?? "") };
    return { name, type: "DOUBLE" as const, values: csv.rows.map((row) => Number(row[column])) };
  });
  return { device, times, columns };
}

/** The files write dates without a zone; they are taken as UTC. */
function utc(date: string): string {
  return date.includes("T") ? `${date}Z` : `${date}T00:00:00Z`;
}
