import { assert, RingtideError } from "@ringtide/common";
import { type BlockView, openBlock, typeName } from "@ringtide/tsfile";
import type { DeviceBlock, LooseRow, LooseValue } from "./api.ts";
import { Creations } from "./creations.ts";
import { castLoose, inferredType, typeMismatch } from "./loose.ts";
import type { RowValue } from "./row-buffer.ts";
import type { ReplicaState } from "./state.ts";

/*
 * Inserts are judged as a whole before anything changes: a refused command leaves no trace.
 */

/** Returns the rows inserted. Throws TYPE_MISMATCH, PATH_NOT_FOUND or SERIES_EXISTS without any effect. */
export function insertBlocks(
  state: ReplicaState,
  index: number,
  blocks: readonly DeviceBlock[],
  autoCreate: boolean,
): number {
  const creations = new Creations(state.schema);
  const views = blocks.map((block) => judgeBlock(creations, block, autoCreate));
  state.create(creations);
  let rows = 0;
  blocks.forEach(({ device: path, measurements, block }, i) => {
    const device = state.schema.device(path);
    const view = views[i] as BlockView;
    assert(device !== undefined, `device ${path} of an insert exists`);
    const seriesIds = measurements.map((measurement) => device.byName.get(measurement)?.id ?? 0);
    state.memtable.addBlock(device, index, seriesIds, view, block);
    rows += view.rows;
  });
  return rows;
}

function judgeBlock(
  creations: Creations,
  { device, measurements, block }: DeviceBlock,
  autoCreate: boolean,
): BlockView {
  const view = openBlock(block);
  assert(
    view.columnCount === measurements.length && view.rows > 0 && view.hasTimes && measurements.length > 0,
    "blocks in the log were checked",
  );
  for (let i = 0; i < measurements.length; i++) {
    const measurement = measurements[i] as string;
    const have = view.type(i);
    const want = creations.typeOf(device, measurement);
    if (want === have) continue;
    const path = `${device}.${measurement}`;
    if (want !== undefined) throw typeMismatch(path, typeName(have), typeName(want));
    if (!autoCreate) throw notFound(path);
    creations.plan(device, measurement, have);
  }
  return view;
}

/** The same for rows with values that take the type of their series; VALUE_OUT_OF_RANGE when one does not fit. */
export function insertRows(state: ReplicaState, index: number, rows: readonly LooseRow[], autoCreate: boolean): number {
  const creations = new Creations(state.schema);
  for (const row of rows) judgeRow(creations, row, autoCreate);
  state.create(creations);
  for (const { device: path, time, measurements, values } of rows) {
    const device = state.schema.device(path);
    const cast: RowValue[] = [];
    values.forEach((loose, i) => {
      const series = device?.byName.get(measurements[i] as string);
      if (series === undefined) return;
      const value = castLoose(loose, series.type, `${path}.${series.measurement}`);
      if (value !== undefined) cast.push({ seriesId: series.id, type: series.type, value });
    });
    if (device !== undefined && cast.length > 0) state.memtable.addRow(device, index, time, cast);
  }
  return rows.length;
}

function judgeRow(creations: Creations, { device, measurements, values }: LooseRow, autoCreate: boolean): void {
  values.forEach((value, i) => {
    const measurement = measurements[i] as string;
    const path = `${device}.${measurement}`;
    const type =
      creations.typeOf(device, measurement) ?? plannedType(creations, device, measurement, value, autoCreate);
    if (type !== undefined) castLoose(value, type, path);
  });
}

/** Plans the series that a value asks for; undefined for null, which creates nothing. */
function plannedType(
  creations: Creations,
  device: string,
  measurement: string,
  value: LooseValue,
  autoCreate: boolean,
) {
  if (!autoCreate) throw notFound(`${device}.${measurement}`);
  const type = inferredType(value);
  if (type !== undefined) creations.plan(device, measurement, type);
  return type;
}

function notFound(path: string): RingtideError {
  return new RingtideError("PATH_NOT_FOUND", `no series ${path}, and automatic creation is off`, {
    details: { path },
  });
}
