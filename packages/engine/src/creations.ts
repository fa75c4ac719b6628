import { RingtideError } from "@ringtide/common";
import { DataType } from "@ringtide/tsfile";
import type { Series } from "./api.ts";
import type { Schema } from "./schema.ts";

interface Planned {
  readonly device: string;
  readonly measurement: string;
  readonly type: DataType;
  readonly encoding: string;
  readonly compression: string;
}

/** What SHOW TIMESERIES says of a series that was created without a wish; blocks choose their encoding themselves. */
const DEFAULT_ENCODINGS: Record<DataType, string> = {
  [DataType.BOOLEAN]: "RLE",
  [DataType.INT32]: "RLE",
  [DataType.INT64]: "RLE",
  [DataType.FLOAT]: "GORILLA",
  [DataType.DOUBLE]: "GORILLA",
  [DataType.TEXT]: "PLAIN",
};
const DEFAULT_COMPRESSION = "SNAPPY";

/** The series that one command will create, collected while it is judged: nothing is created when it is refused. */
export class Creations {
  readonly #schema: Schema;
  /** By path. */
  readonly #planned = new Map<string, Planned>();
  readonly #devices = new Set<string>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Type of a series that exists or will. */
  typeOf(device: string, measurement: string): DataType | undefined {
    const existing = this.#schema.find(device, measurement);
    if (existing !== undefined) return existing.type;
    return this.#planned.size === 0 ? undefined : this.#planned.get(`${device}.${measurement}`)?.type;
  }

  /** Plans a series; SERIES_EXISTS when its path, or its device's, is taken. Empty encoding or compression: the default. */
  plan(device: string, measurement: string, type: DataType, encoding = "", compression = ""): void {
    const path = `${device}.${measurement}`;
    const clash =
      this.#planned.has(path) || this.#devices.has(path)
        ? path
        : this.#planned.has(device)
          ? device
          : this.#schema.clash(device, measurement);
    if (clash !== undefined) throw seriesExists(clash, path);
    this.#devices.add(device);
    this.#planned.set(path, {
      device,
      measurement,
      type,
      encoding: encoding === "" ? DEFAULT_ENCODINGS[type] : encoding,
      compression: compression === "" ? DEFAULT_COMPRESSION : compression,
    });
  }

  /** Creates what was planned, in the order of planning. */
  commit(): Series[] {
    return Array.from(this.#planned.values(), ({ device, measurement, type, encoding, compression }) =>
      this.#schema.add(device, measurement, type, encoding, compression),
    );
  }
}

function seriesExists(taken: string, wanted: string): RingtideError {
  const message = taken === wanted ? `${taken} exists` : `${taken} is a series, so ${wanted} cannot be one below it`;
  return new RingtideError("SERIES_EXISTS", message, { details: { path: taken } });
}
