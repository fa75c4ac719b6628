import { describeOperation, type Operation } from "../operation.ts";

const WIDTH = 64;

/**
 * Operations as bars, one a line, in the order of their calls; `marked` ones get a star. Distances are not to scale: what happened between two
 * neighbouring events is of no account. `?` is an unknown outcome, `x` an operation without effect.
 */
export function renderTimeline(operations: readonly Operation[], marked: ReadonlySet<Operation>): string {
  const rows = operations.toSorted((a, b) => a.call - b.call);
  const times = new Set(rows.flatMap((each) => (each.return === null ? [each.call] : [each.call, each.return])));
  const sorted = [...times].sort((a, b) => a - b);
  const step = Math.max(1, Math.min(6, Math.floor(WIDTH / Math.max(1, sorted.length))));
  const columns = new Map(sorted.map((time, i) => [time, i * step]));
  const end = sorted.length * step;
  const labels = rows.map((each) => `${marked.has(each) ? "*" : " "} ${describeOperation(each)}`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  return rows
    .map((each, i) => `${labels[i]?.padEnd(labelWidth)}  ${bar(each, columns, end).padEnd(end + 1)}  ${span(each)}`)
    .join("\n");
}

function bar({ call, return: returned, ok }: Operation, columns: ReadonlyMap<number, number>, end: number): string {
  const from = columns.get(call) ?? 0;
  const to = returned === null ? end : (columns.get(returned) ?? end);
  const closing = returned === null ? "?" : ok === false ? "x" : "|";
  return `${" ".repeat(from)}|${"-".repeat(Math.max(0, to - from - 1))}${to > from ? closing : ""}`;
}

function span({ call, return: returned }: Operation): string {
  return `${milliseconds(call)} to ${returned === null ? "?" : milliseconds(returned)}`;
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(6)} ms`;
}
