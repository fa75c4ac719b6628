import { describeOperation, type Operation } from "../operation.ts";

/** Why no order can be right, and the operations that show it. */
export interface Contradiction {
  readonly reason: string;
  readonly witnesses: readonly Operation[];
}

/** All that is known of one written value. */
interface Cluster {
  readonly value: number;
  readonly write: Operation;
  readonly reads: Operation[];
}

/** The register holds `value` for sure from `from.return` to `to.call`: `from` had seen or written it by then, `to` does so later. */
interface Zone {
  readonly value: number;
  readonly fromNs: number;
  readonly from: Operation;
  readonly toNs: number;
  readonly to: Operation;
}

/**
 * Contradictions that can be told in a sentence, found without a search; undefined when there is none of these. For a history without
 * deletes and reads of nothing that is the whole test (Gibbons and Korach, "Testing shared memories", section 4).
 */
export function findContradiction(history: readonly Operation[]): Contradiction | undefined {
  const clusters = new Map<number, Cluster>();
  for (const write of history)
    if (write.op === "write" && write.value !== null && write.ok !== false)
      clusters.set(write.value, { value: write.value, write, reads: [] });
  for (const read of history) {
    if (!isAnswered(read) || read.op !== "read" || read.value === null) continue;
    const cluster = clusters.get(read.value);
    if (cluster === undefined) return neverWritten(read, history);
    if (precedes(read, cluster.write)) return readBeforeItsWrite(read, cluster.write);
    cluster.reads.push(read);
  }
  const zones = zonesOf(clusters.values());
  return overlap(zones) ?? intruder(zones, clusters.values(), history) ?? lost(history);
}

function isAnswered(operation: Operation): operation is Operation & { readonly return: number } {
  return operation.return !== null && operation.ok !== false;
}

function precedes(first: Operation, second: Operation): boolean {
  return first.return !== null && first.return < second.call;
}

function neverWritten(read: Operation, history: readonly Operation[]): Contradiction {
  const refused = history.find(({ op, value }) => op === "write" && value === read.value);
  if (refused === undefined)
    return { reason: `${describeOperation(read)}, a value that nobody had asked to write by then`, witnesses: [read] };
  return {
    reason: `${describeOperation(read)}, written by an operation that was said to have had no effect`,
    witnesses: [refused, read],
  };
}

function readBeforeItsWrite(read: Operation, write: Operation): Contradiction {
  return {
    reason: `${describeOperation(read)} and has its answer before client ${write.client} asks to write it`,
    witnesses: [read, write],
  };
}

/** Zones of the clusters that have one, in the order of their starts. */
function zonesOf(clusters: Iterable<Cluster>): Zone[] {
  const zones: Zone[] = [];
  for (const { value, write, reads } of clusters) {
    let from = write;
    let to = write;
    for (const read of reads) {
      if ((read.return ?? Number.POSITIVE_INFINITY) < (from.return ?? Number.POSITIVE_INFINITY)) from = read;
      if (read.call > to.call) to = read;
    }
    if (from.return !== null && from.return < to.call)
      zones.push({ value, fromNs: from.return, from, toNs: to.call, to });
  }
  return zones.sort((a, b) => a.fromNs - b.fromNs);
}

/**
 * Two values at one time. Of two zones that overlap, the one that begins first was there before the other (whose end comes later than that
 * beginning), so its last reader saw it when it was gone.
 */
function overlap(zones: readonly Zone[]): Contradiction | undefined {
  let longest: Zone | undefined;
  for (const zone of zones) {
    if (longest !== undefined && zone.fromNs < longest.toNs)
      return {
        reason: `stale read: ${describeOperation(longest.to)} after ${zone.value} had replaced it ('${describeOperation(zone.from)}')`,
        witnesses: [longest.from, zone.from, zone.to, longest.to],
      };
    if (longest === undefined || zone.toNs > longest.toNs) longest = zone;
  }
  return undefined;
}

/** What certainly happened in a span of time. */
interface Happening {
  readonly operation: Operation;
  readonly fromNs: number;
  readonly toNs: number;
}

/** A value without a zone, a delete, or a read of nothing, all within the zone of another value. */
function intruder(
  zones: readonly Zone[],
  clusters: Iterable<Cluster>,
  history: readonly Operation[],
): Contradiction | undefined {
  for (const { operation, fromNs, toNs } of happenings(clusters, history)) {
    const zone = zoneAround(zones, fromNs, toNs);
    if (zone === undefined) continue;
    return { reason: describeIntruder(operation, zone), witnesses: [zone.from, operation, zone.to] };
  }
  return undefined;
}

function describeIntruder(operation: Operation, { value, from, to }: Zone): string {
  const what = describeOperation(operation);
  if (operation.op === "read")
    return `${what} while ${value} was there, from '${describeOperation(from)}' to '${describeOperation(to)}'`;
  return `stale read: ${describeOperation(to)} after '${what}' had ${operation.op === "delete" ? "removed" : "replaced"} it`;
}

function* happenings(clusters: Iterable<Cluster>, history: readonly Operation[]): Generator<Happening> {
  for (const operation of history)
    if (isAnswered(operation) && operation.value === null)
      yield { operation, fromNs: operation.call, toNs: operation.return };
  for (const { write, reads } of clusters) {
    let fromNs = write.call;
    let toNs = write.return ?? Number.POSITIVE_INFINITY;
    for (const read of reads) {
      fromNs = Math.max(fromNs, read.call);
      toNs = Math.min(toNs, read.return ?? Number.POSITIVE_INFINITY);
    }
    if (fromNs <= toNs) yield { operation: write, fromNs, toNs };
  }
}

/** The one of the zones, which do not overlap, that holds the whole span. */
function zoneAround(zones: readonly Zone[], fromNs: number, toNs: number): Zone | undefined {
  const zone = zones[countWhile(zones, (each) => each.fromNs < fromNs) - 1];
  return zone !== undefined && toNs < zone.toNs ? zone : undefined;
}

/** A read of nothing although a value had been written or read before, and no delete can have come in between. */
function lost(history: readonly Operation[]): Contradiction | undefined {
  const seen = history.filter(isAnswered).filter(({ value }) => value !== null);
  seen.sort((a, b) => a.return - b.return);
  const deletes = history.filter(({ op, ok }) => op === "delete" && ok !== false).sort((a, b) => a.call - b.call);
  /** When the last of the deletes up to this one can have taken effect. */
  const lastEffects: number[] = [];
  for (const { return: returned } of deletes)
    lastEffects.push(Math.max(returned ?? Number.POSITIVE_INFINITY, lastEffects.at(-1) ?? 0));
  for (const read of history) {
    if (read.op !== "read" || read.value !== null || !isAnswered(read)) continue;
    const before = seen[countWhile(seen, (each) => each.return < read.call) - 1];
    const lastEffect = lastEffects[countWhile(deletes, (one) => one.call <= read.return) - 1] ?? -1;
    if (before === undefined || lastEffect >= before.call) continue;
    return {
      reason: `client ${read.client} reads nothing after ${describeOperation(before)}, and nobody deleted it`,
      witnesses: [before, read],
    };
  }
  return undefined;
}

/** How many of `items`, in whose order the condition holds first and then no longer, it holds for. */
function countWhile<T>(items: readonly T[], condition: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
