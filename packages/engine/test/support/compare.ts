import { type ColumnStatistics, computeStatistics, type Value } from "@ringtide/tsfile";
import { expect } from "vitest";
import type { SeriesPiece, TimeRange } from "../../src/api.ts";
import type { Engine } from "../../src/engine.ts";
import { collect, rowsOf } from "./blocks.ts";
import type { Model } from "./model.ts";
import type { SeededRandom } from "./random.ts";
import { randomRange } from "./workload.ts";

const { signal } = new AbortController();

interface Summary {
  count: number;
  sum: number;
  min: number | bigint | undefined;
  max: number | bigint | undefined;
  first: readonly [bigint, Value | undefined] | undefined;
  last: readonly [bigint, Value | undefined] | undefined;
}

function add(into: Summary, base: bigint, one: ColumnStatistics): void {
  if (one.count === 0) return;
  into.count += one.count;
  into.sum += one.sum;
  if (one.min !== undefined && (into.min === undefined || one.min < into.min)) into.min = one.min;
  if (one.max !== undefined && (into.max === undefined || one.max > into.max)) into.max = one.max;
  into.first ??= [base + BigInt(one.firstTime), one.first];
  into.last = [base + BigInt(one.lastTime), one.last];
}

function summaryOf(pieces: readonly SeriesPiece[]): Summary {
  const summary: Summary = { count: 0, sum: 0, min: undefined, max: undefined, first: undefined, last: undefined };
  for (const piece of pieces) {
    if (piece.kind === "statistics") {
      add(summary, piece.base, piece.statistics);
      continue;
    }
    const [column] = piece.batch.columns;
    if (column !== undefined && piece.batch.times !== undefined)
      add(summary, piece.batch.times.base, computeStatistics(column, piece.batch.times));
  }
  return summary;
}

function summaryOfPoints(points: readonly (readonly [bigint, Value])[]): Summary {
  const numbers = points.flatMap(([, value]) =>
    typeof value === "number" || typeof value === "bigint" ? [value] : [],
  );
  return {
    count: points.length,
    sum: numbers.reduce<number>((sum, value) => sum + Number(value), 0),
    min: numbers.reduce<number | bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined),
    max: numbers.reduce<number | bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined),
    first: points[0],
    last: points.at(-1),
  };
}

/** Compares all that can be read of a device with the model. */
export async function compareDevice(engine: Engine, model: Model, device: string, random: SeededRandom): Promise<void> {
  const all = model.measurements(device);
  expect(
    engine.schema
      .ofDevice(device)
      .map(({ measurement }) => measurement)
      .sort(),
  ).toEqual(all.toSorted());
  const measurements = all.filter(() => random.chance(70));
  const range = randomRange(random);
  const rows = model.rows(device, measurements, range);
  for (const descending of [false, true]) {
    const batches = await collect(engine.scan({ device, measurements, range, descending, signal }));
    expect(rowsOf(batches)).toEqual(descending ? rows.toReversed() : rows);
  }
  for (const measurement of all) await compareSeries(engine, model, device, measurement, range);
}

async function compareSeries(engine: Engine, model: Model, device: string, measurement: string, range: TimeRange) {
  const points = model.points(device, measurement, range);
  for (const useStatistics of [undefined, () => true, (first: bigint) => first % 2n === 0n]) {
    const request = { device, measurement, range, signal, ...(useStatistics && { useStatistics }) };
    const pieces = await collect(engine.pieces(request));
    expect(summaryOf(pieces)).toEqual(summaryOfPoints(points));
  }
  const last = model.points(device, measurement, { from: -(2n ** 63n), to: 2n ** 63n - 1n }).at(-1);
  expect(await engine.last(device, measurement)).toEqual(last && { time: last[0], value: last[1] });
}
