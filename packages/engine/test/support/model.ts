import { PathPattern, splitPath } from "@ringtide/common";
import { DataType, openBlock, timeAt, type Value, valueAt } from "@ringtide/tsfile";
import type { Command, LooseValue, TimeRange } from "../../src/api.ts";

interface ModelSeries {
  readonly type: DataType;
  readonly points: Map<bigint, Value>;
}

/** What an engine should hold, as maps of points; commands are those that the engine did not refuse. */
export class Model {
  /** By device and measurement. */
  readonly #devices = new Map<string, Map<string, ModelSeries>>();

  devices(): string[] {
    return Array.from(this.#devices.keys());
  }

  measurements(device: string): string[] {
    return Array.from(this.#devices.get(device)?.keys() ?? []);
  }

  type(device: string, measurement: string): DataType | undefined {
    return this.#devices.get(device)?.get(measurement)?.type;
  }

  apply(command: Command): void {
    switch (command.kind) {
      case "insertBlocks":
        for (const { device, measurements, block } of command.blocks) {
          const batch = openBlock(block).batch();
          batch.columns.forEach((column, c) => {
            const series = this.#series(device, measurements[c] as string, column.type);
            for (let row = 0; row < batch.rows; row++) {
              const value = valueAt(column, row);
              if (value !== null && batch.times !== undefined) series.points.set(timeAt(batch.times, row), value);
            }
          });
        }
        break;
      case "insertRows":
        for (const { device, time, measurements, values } of command.rows)
          values.forEach((loose, i) => {
            if (loose.kind === "null") return;
            const series = this.#series(device, measurements[i] as string, inferred(loose));
            series.points.set(time, cast(loose, series.type));
          });
        break;
      case "createSeries":
        for (const { path, type } of command.series) {
          const at = path.lastIndexOf(".");
          this.#series(path.slice(0, at), path.slice(at + 1), type);
        }
        break;
      case "deleteSeries":
        this.#each(command.patterns, (device, measurement) => {
          this.#devices.get(device)?.delete(measurement);
          if (this.#devices.get(device)?.size === 0) this.#devices.delete(device);
        });
        break;
      case "dropStorageGroup":
        this.apply({ kind: "deleteSeries", patterns: [command.storageGroup] });
        break;
      case "deleteData":
        this.#each(command.patterns, (_device, _measurement, { points }) => {
          for (const time of points.keys()) if (time >= command.from && time <= command.to) points.delete(time);
        });
        break;
    }
  }

  #series(device: string, measurement: string, type: DataType): ModelSeries {
    const known = this.#devices.get(device) ?? new Map<string, ModelSeries>();
    this.#devices.set(device, known);
    const series = known.get(measurement) ?? { type, points: new Map() };
    known.set(measurement, series);
    return series;
  }

  #each(patterns: readonly string[], visit: (device: string, measurement: string, series: ModelSeries) => void): void {
    for (const text of patterns) {
      const pattern = new PathPattern(text);
      for (const [device, all] of Array.from(this.#devices))
        for (const [measurement, series] of Array.from(all))
          if (pattern.matchesPrefixOf(splitPath(`${device}.${measurement}`))) visit(device, measurement, series);
    }
  }

  /** Points of a series in order of time. */
  points(device: string, measurement: string, { from, to }: TimeRange): (readonly [bigint, Value])[] {
    return Array.from(this.#devices.get(device)?.get(measurement)?.points ?? [])
      .filter(([time]) => time >= from && time <= to)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Rows of a device as a scan gives them. */
  rows(device: string, measurements: readonly string[], range: TimeRange): (bigint | Value | null)[][] {
    const rows = new Map<bigint, (bigint | Value | null)[]>();
    measurements.forEach((measurement, c) => {
      for (const [time, value] of this.points(device, measurement, range)) {
        const row = rows.get(time) ?? [time, ...measurements.map(() => null)];
        row[c + 1] = value;
        rows.set(time, row);
      }
    });
    return Array.from(rows.values()).sort((a, b) => ((a[0] as bigint) < (b[0] as bigint) ? -1 : 1));
  }
}

function inferred(value: LooseValue): DataType {
  if (value.kind === "boolean") return DataType.BOOLEAN;
  return value.kind === "text" ? DataType.TEXT : DataType.DOUBLE;
}

function cast(value: Exclude<LooseValue, { kind: "null" }>, type: DataType): Value {
  if (value.kind !== "integer") return type === DataType.FLOAT ? Math.fround(Number(value.value)) : value.value;
  return type === DataType.INT64 ? value.value : Number(value.value);
}
