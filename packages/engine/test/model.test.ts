import { type ColumnStatistics, computeStatistics, type Value } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import type { SeriesPiece, TimeRange } from "../src/api.ts";
import { encodeCommand } from "../src/commands.ts";
import type { Engine } from "../src/engine.ts";
import { collect, rowsOf } from "./support/blocks.ts";
import { Host } from "./support/host.ts";
import { Model } from "./support/model.ts";
import { SeededRandom } from "./support/random.ts";
import { randomCommand, randomRange } from "./support/workload.ts";

const { signal } = new AbortController();
const STEPS = 220;

/** Fixed seeds; ENGINE_SEED gives another one. */
const seeds = process.env["ENGINE_SEED"] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env["ENGINE_SEED"])];

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

async function compareDevice(engine: Engine, model: Model, device: string, random: SeededRandom): Promise<void> {
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

describe.each(seeds)("an engine under random commands, seed %i", (seed) => {
  it("answers like a map of points, over closes and restarts, and equals a replica that never restarted", async () => {
    const random = new SeededRandom(seed);
    const model = new Model();
    const options = { blockRows: 32, maxBatchRows: 24 };
    const host = await Host.start(options);
    const replica = await Host.start(options);
    try {
      for (let step = 0; step < STEPS; step++) {
        const command = randomCommand(random, model);
        const outcome = host.apply(command);
        expect(replica.append(encodeCommand(undefined, command))).toEqual(outcome);
        if (outcome.ok) model.apply(command);
        if (random.chance(8)) for (const one of [host, replica]) one.append("close");
        if (random.chance(5)) await host.engine.settled();
        if (random.chance(3)) await host.restart();
        if (random.chance(20)) {
          expect(host.engine.schema.deviceCount).toBe(model.devices().length);
          for (const device of model.devices()) await compareDevice(host.engine, model, device, random);
        }
      }
      for (const one of [host, replica]) await one.closeFile();
      expect(host.engine.memtableBytes).toBe(0);
      expect(host.engine.files().length).toBeGreaterThan(3);
      expect(host.engine.files()).toEqual(replica.engine.files());
      await host.restart();
      for (const device of model.devices())
        for (const one of [host, replica]) await compareDevice(one.engine, model, device, random);
    } finally {
      await host.destroy();
      await replica.destroy();
    }
  });
});
