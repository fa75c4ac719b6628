import type { Operation, OperationKind, SeededRandom } from "@ringtide/testkit";

export interface HistoryShape {
  readonly operations: number;
  readonly clients: number;
  readonly key?: string;
  /** Shares of writes and deletes; the rest reads. */
  readonly writes?: number;
  readonly deletes?: number;
  /** Share of outcomes that stay unknown. */
  readonly unknown?: number;
  /** Longest time from call to return, against 1 between a client's operations. */
  readonly slowness?: number;
}

interface Draft {
  readonly client: number;
  readonly op: OperationKind;
  readonly call: number;
  readonly end: number;
  readonly effect: number;
  readonly unknown: boolean;
}

/** What clients of a real register see: each operation takes effect at a random moment between call and return, those of unknown outcome later or never. */
export function linearizableHistory(random: SeededRandom, shape: HistoryShape): Operation[] {
  const drafts = Array.from({ length: shape.clients }, (_, client) => draftsOf(random, shape, client)).flat();
  drafts.sort((a, b) => a.call - b.call);
  drafts.splice(shape.operations);
  const values = new Map(drafts.map((draft, i) => [draft, draft.op === "write" ? i + 1 : null]));
  let value: number | null = null;
  for (const draft of drafts.toSorted((a, b) => a.effect - b.effect)) {
    if (draft.effect === Number.POSITIVE_INFINITY) break;
    if (draft.op === "read") values.set(draft, draft.unknown ? null : value);
    else value = values.get(draft) ?? null;
  }
  return drafts.map((draft) => ({
    client: draft.client,
    op: draft.op,
    key: shape.key ?? "root.h.d1.v@1000",
    value: values.get(draft) ?? null,
    call: Math.floor(draft.call * 1000),
    return: draft.unknown ? null : Math.ceil(draft.end * 1000),
  }));
}

function draftsOf(random: SeededRandom, shape: HistoryShape, client: number): Draft[] {
  const { operations, clients, writes = 0.4, deletes = 0.1, unknown = 0, slowness = 3 } = shape;
  const drafts: Draft[] = [];
  let now = random.unit();
  // Some more than its share, so that all clients are busy until the end.
  for (let i = 0; i < Math.ceil((operations / clients) * 1.5) + 2; i++) {
    const drawn = random.unit();
    const op = drawn < writes ? "write" : drawn < writes + deletes ? "delete" : "read";
    const end = now + random.between(0, slowness);
    const isUnknown = random.chance(unknown);
    const lateEffect = random.pick([
      random.between(now, end),
      random.between(end, end + 20 * slowness),
      Number.POSITIVE_INFINITY,
    ]);
    const effect = isUnknown ? lateEffect : random.between(now, end);
    drafts.push({ client, op, call: now, end, effect, unknown: isUnknown });
    now = end + random.unit();
  }
  return drafts;
}

/** Changes one answer: another value, a moved return, or an outcome that turns out known. Mostly it is not linearizable any more. */
export function spoil(random: SeededRandom, history: readonly Operation[]): Operation[] {
  const spoiled = history.slice();
  const at = random.below(history.length);
  const operation = history[at];
  if (operation === undefined) return spoiled;
  const reads = history.flatMap((each, i) => (each.op === "read" && each.return !== null ? [i] : []));
  const read = reads.length > 0 ? random.pick(reads) : at;
  const values = [null, ...history.flatMap((each) => (each.op === "write" ? [each.value] : []))];
  const target = history[read] ?? operation;
  if (random.chance(0.7) && target.op === "read") spoiled[read] = { ...target, value: random.pick(values) };
  else if (operation.return === null && operation.op !== "read")
    spoiled[at] = { ...operation, return: operation.call + 1 };
  else if (operation.return !== null) spoiled[at] = { ...operation, return: operation.call };
  return spoiled;
}
