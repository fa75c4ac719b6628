import { ByteReader, ByteWriter, RingtideError } from "@ringtide/common";
import type { TimeRange } from "@ringtide/engine";
import type { AggregateName } from "@ringtide/sql";
import type { DataType } from "@ringtide/tsfile";
import { dataTypeOf } from "../columns/build.ts";
import type { Predicate } from "../plan/predicate.ts";
import type { WindowSpec } from "../plan/windows.ts";
import { choiceFrom, readList, readOptional, writeChoice, writeList, writeOptional } from "./fields.ts";
import { readPredicate, writePredicate } from "./predicate.ts";
import { readWindows, writeWindows } from "./windows.ts";

/** What one data group is asked to do. */
export interface Fragment {
  /** Full series patterns that are selected (path patterns of SHOW and COUNT). */
  readonly patterns: readonly string[];
  /** Full series patterns that only the filter reads. */
  readonly filterPatterns: readonly string[];
  readonly range: TimeRange;
  readonly predicate: Predicate | undefined;
  /** ALIGN BY DEVICE: one device after the other; the predicate names measurements. */
  readonly byDevice: boolean;
  readonly descending: boolean;
  readonly maxMemoryBytes: number;
  /** Rows travel as encoded blocks: an eighth of the bytes, for some work at both ends. */
  readonly compact: boolean;
  readonly operation: Operation;
}

export type Operation =
  | {
      readonly kind: "raw";
      /**
       * `here`: rows that fail the predicate are left out. `mark`: the same, but rows without a selected value stay, and a last
       * BOOLEAN column says that the row passed, for other groups' rows. `later`: the coordinator filters, so the filter's series come too.
       */
      readonly filter: "here" | "mark" | "later";
      readonly offset: number;
      readonly limit: number | undefined;
    }
  | {
      readonly kind: "aggregate";
      readonly items: readonly AggregateItem[];
      readonly windows: WindowSpec | undefined;
      readonly level: number | undefined;
    }
  | { readonly kind: "last" }
  | { readonly kind: "fill"; readonly time: bigint; readonly rules: readonly FillRule[] }
  | { readonly kind: "listSeries" | "listDevices"; readonly limit: number | undefined }
  | { readonly kind: "listChildren" }
  | { readonly kind: "count"; readonly level: number | undefined };

export interface AggregateItem {
  readonly name: AggregateName;
  /** Index into `patterns`. */
  readonly pattern: number;
  /** Number of the item in the SELECT clause. */
  readonly item: number;
}

/** How to fill a series of a type (all types when undefined); distances in ticks, undefined: any. */
export interface FillRule {
  readonly type: DataType | undefined;
  readonly method: "previous" | "linear";
  readonly before: bigint | undefined;
  readonly after: bigint | undefined;
}

const VERSION = 1;
const KINDS = ["raw", "aggregate", "last", "fill", "listSeries", "listDevices", "listChildren", "count"] as const;
const FILTERS = ["here", "mark", "later"] as const;
const METHODS = ["previous", "linear"] as const;
const AGGREGATES = [
  "count",
  "sum",
  "avg",
  "min_value",
  "max_value",
  "min_time",
  "max_time",
  "first_value",
  "last_value",
] as const satisfies readonly AggregateName[];

export function encodeFragment(fragment: Fragment): Uint8Array {
  const out = new ByteWriter();
  out.u8(VERSION);
  writeList(out, fragment.patterns, (text) => out.text(text));
  writeList(out, fragment.filterPatterns, (text) => out.text(text));
  out.i64(fragment.range.from).i64(fragment.range.to);
  writeOptional(out, fragment.predicate, (predicate) => writePredicate(out, predicate));
  out
    .u8(fragment.byDevice ? 1 : 0)
    .u8(fragment.descending ? 1 : 0)
    .u8(fragment.compact ? 1 : 0);
  out.u53(fragment.maxMemoryBytes);
  writeOperation(out, fragment.operation);
  return out.finish();
}

/** FRAME_MALFORMED for anything that encodeFragment did not write; FORMAT_UNKNOWN for another version. */
export function decodeFragment(bytes: Uint8Array): Fragment {
  const input = new ByteReader(bytes, "query fragment");
  const version = input.u8();
  if (version !== VERSION) {
    throw new RingtideError("FORMAT_UNKNOWN", `query fragment of version ${version}; this node knows ${VERSION}`);
  }
  const fragment: Fragment = {
    patterns: readList(input, 4, () => input.text()),
    filterPatterns: readList(input, 4, () => input.text()),
    range: { from: input.i64(), to: input.i64() },
    predicate: readOptional(input, () => readPredicate(input)),
    byDevice: input.u8() === 1,
    descending: input.u8() === 1,
    compact: input.u8() === 1,
    maxMemoryBytes: input.u53(),
    operation: readOperation(input),
  };
  input.end();
  const { operation } = fragment;
  if (operation.kind === "aggregate" && operation.items.some((item) => item.pattern >= fragment.patterns.length)) {
    input.fail("an aggregate of a pattern that is not there");
  }
  return fragment;
}

function writeOperation(out: ByteWriter, operation: Operation): void {
  writeChoice(out, KINDS, operation.kind);
  switch (operation.kind) {
    case "raw":
      writeChoice(out, FILTERS, operation.filter);
      out.u53(operation.offset);
      writeOptional(out, operation.limit, (limit) => out.u53(limit));
      return;
    case "aggregate":
      writeList(out, operation.items, (item) => {
        writeChoice(out, AGGREGATES, item.name);
        out.u32(item.pattern).u32(item.item);
      });
      writeOptional(out, operation.windows, (windows) => writeWindows(out, windows));
      writeOptional(out, operation.level, (level) => out.u32(level));
      return;
    case "fill":
      out.i64(operation.time);
      writeList(out, operation.rules, (rule) => {
        writeOptional(out, rule.type, (type) => out.u8(type));
        writeChoice(out, METHODS, rule.method);
        writeOptional(out, rule.before, (ticks) => out.i64(ticks));
        writeOptional(out, rule.after, (ticks) => out.i64(ticks));
      });
      return;
    case "listSeries":
    case "listDevices":
      writeOptional(out, operation.limit, (limit) => out.u53(limit));
      return;
    case "count":
      writeOptional(out, operation.level, (level) => out.u32(level));
      return;
    case "last":
    case "listChildren":
      return;
  }
}

function readOperation(input: ByteReader): Operation {
  const kind = choiceFrom(input, KINDS);
  switch (kind) {
    case "raw":
      return {
        kind,
        filter: choiceFrom(input, FILTERS),
        offset: input.u53(),
        limit: readOptional(input, () => input.u53()),
      };
    case "aggregate":
      return {
        kind,
        items: readList(input, 9, () => ({
          name: choiceFrom(input, AGGREGATES),
          pattern: input.u32(),
          item: input.u32(),
        })),
        windows: readOptional(input, () => readWindows(input)),
        level: readOptional(input, () => input.u32()),
      };
    case "fill":
      return { kind, time: input.i64(), rules: readList(input, 4, () => readRule(input)) };
    case "listSeries":
    case "listDevices":
      return { kind, limit: readOptional(input, () => input.u53()) };
    case "count":
      return { kind, level: readOptional(input, () => input.u32()) };
    case "last":
    case "listChildren":
      return { kind };
  }
}

function readRule(input: ByteReader): FillRule {
  return {
    type: readOptional(input, () => dataTypeOf(input.u8())),
    method: choiceFrom(input, METHODS),
    before: readOptional(input, () => input.i64()),
    after: readOptional(input, () => input.i64()),
  };
}
