import type { ByteReader, ByteWriter } from "@ringtide/common";
import type { WindowSpec } from "../plan/windows.ts";
import { choiceFrom, readList, writeChoice, writeList } from "./fields.ts";

const KINDS = ["regular", "listed"] as const;
const LABELS = ["first", "last"] as const;

export function writeWindows(out: ByteWriter, windows: WindowSpec): void {
  writeChoice(out, KINDS, windows.kind);
  if (windows.kind === "regular") {
    out.i64(windows.first).i64(windows.last).i64(windows.interval).i64(windows.step).u53(windows.count);
    writeChoice(out, LABELS, windows.label);
    return;
  }
  for (const times of [windows.firsts, windows.lasts, windows.labels]) writeList(out, times, (time) => out.i64(time));
}

export function readWindows(input: ByteReader): WindowSpec {
  const kind = choiceFrom(input, KINDS);
  if (kind === "regular") {
    const first = input.i64();
    const last = input.i64();
    const interval = input.i64();
    const step = input.i64();
    const count = input.u53();
    if (interval <= 0n || step <= 0n) input.fail("windows without a length");
    return { kind, first, last, interval, step, count, label: choiceFrom(input, LABELS) };
  }
  const times = (): bigint[] => readList(input, 8, () => input.i64());
  const firsts = times();
  const lasts = times();
  const labels = times();
  if (lasts.length !== firsts.length || labels.length !== firsts.length) input.fail("windows of unequal lists");
  return { kind, firsts, lasts, labels };
}
