import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nullLogger, utf8Bytes } from "@ringtide/common";
import { createCompute, createDisk, createMetrics, openLevelKv, systemClock } from "@ringtide/common/node";
import { type Command, Engine, encodeCommand } from "@ringtide/engine";
import { type ColumnBatch, columnFromValues, encodeBlock, eraOf, type Point, timesFromBigints } from "@ringtide/tsfile";
import type { Dice } from "./generate.ts";
import { type NaiveSeries, pathOf } from "./naive-reader.ts";
import { GROUPS, groupOf, STRATEGY } from "./test-cluster.ts";

/** The real storage of three groups, in a temporary directory. */
export class Engines {
  readonly engines: readonly Engine[];
  readonly #close: () => Promise<void>;
  readonly #indexes = new Map<Engine, number>();

  private constructor(engines: readonly Engine[], close: () => Promise<void>) {
    this.engines = engines;
    this.#close = close;
  }

  static async open(): Promise<Engines> {
    const directory = mkdtempSync(join(tmpdir(), "ringtide-query-"));
    const kv = await openLevelKv(join(directory, "kv"));
    const compute = createCompute({ threads: 1 });
    const open = async (group: number) =>
      await Engine.open({
        group,
        directory: join(directory, String(group)),
        kv,
        kvPrefix: utf8Bytes(`group/${group}/`),
        disk: createDisk(),
        compute,
        clock: systemClock,
        logger: nullLogger,
        metrics: createMetrics(),
        slotStrategy: STRATEGY,
        autoCreateSeries: true,
        maxEntryBytes: 16 << 20,
      });
    const engines = await Promise.all(GROUPS.map(open));
    return new Engines(engines, async () => {
      await Promise.all(engines.map((engine) => engine.close()));
      await kv.close();
      await compute.close();
      rmSync(directory, { recursive: true });
    });
  }

  engineOf(device: string): Engine {
    const engine = this.engines.find((one) => one.group === groupOf(device));
    if (engine === undefined) throw new Error(`no engine for ${device}`);
    return engine;
  }

  apply(engine: Engine, command: Command): void {
    const payload = encodeCommand(undefined, command);
    engine.check(payload);
    const outcome = engine.apply(this.#next(engine), payload);
    if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
  }

  async flush(): Promise<void> {
    for (const engine of this.engines) engine.closeFile(this.#next(engine), new Uint8Array(0));
    await Promise.all(this.engines.map((engine) => engine.settled()));
  }

  #next(engine: Engine): number {
    const index = (this.#indexes.get(engine) ?? 0) + 1;
    this.#indexes.set(engine, index);
    return index;
  }

  insert(device: string, measurements: readonly string[], batch: ColumnBatch): void {
    this.apply(this.engineOf(device), {
      kind: "insertBlocks",
      blocks: [{ device, measurements, block: encodeBlock(batch) }],
    });
  }

  /** Writes the series in pieces, out of order, some of them twice, partly flushed to files. */
  async write(series: readonly NaiveSeries[], dice: Dice): Promise<void> {
    for (const { device, type, ...one } of series) {
      const definition = { path: pathOf({ device, ...one }), type, encoding: "PLAIN", compression: "SNAPPY" };
      this.apply(this.engineOf(device), { kind: "createSeries", series: [definition] });
    }
    const pieces = series.flatMap((one) => piecesOf(one, dice).map((points) => ({ one, points })));
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = dice.below(i + 1);
      [pieces[i], pieces[j]] = [pieces[j] as (typeof pieces)[0], pieces[i] as (typeof pieces)[0]];
    }
    for (const [at, { one, points }] of pieces.entries()) {
      if (at === Math.floor(pieces.length / 2)) await this.flush();
      this.insert(one.device, [one.measurement], {
        rows: points.length,
        times: timesFromBigints(points.map((point) => point.time)),
        columns: [
          columnFromValues(
            one.type,
            points.map((point) => point.value),
          ),
        ],
      });
    }
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

function piecesOf(series: NaiveSeries, dice: Dice): Point[][] {
  const pieces: Point[][] = [];
  for (const point of series.points) {
    const last = pieces.at(-1);
    const [first] = last ?? [];
    const isSameEra = first !== undefined && eraOf(first.time) === eraOf(point.time);
    if (last !== undefined && isSameEra && !dice.chance(0.1)) last.push(point);
    else pieces.push([point]);
  }
  return dice.chance(0.5) ? pieces : [...pieces, ...pieces.slice(0, 1)];
}
