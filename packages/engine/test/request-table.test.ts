import type { RequestId } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import type { ApplyOutcome } from "../src/api.ts";
import { RequestTable } from "../src/request-table.ts";

const limits = { maxSessions: 3, maxOutcomes: 4, maxOutcomesInAll: 8 };

function request(session: number, sequence: number, rest: Partial<RequestId> = {}): RequestId {
  return { session, sequence, acknowledged: 0, retry: false, ...rest };
}

/** A table and how often it let something take effect. */
function counted(table = new RequestTable(limits)) {
  let effects = 0;
  const ask = (id: RequestId | undefined): ApplyOutcome => table.once(id, () => ({ ok: true, affected: ++effects }));
  return { table, ask, effects: () => effects };
}

const lost = expect.objectContaining({ ok: false, code: "OUTCOME_UNKNOWN" });

describe("request table", () => {
  it("performs a request once and answers repeats with its outcome", () => {
    const { ask, effects } = counted();
    const first = ask(request(1, 1));
    expect(ask(request(1, 1, { retry: true }))).toEqual(first);
    expect(ask(request(1, 1))).toEqual(first);
    expect(effects()).toBe(1);
    expect(ask(undefined)).toEqual({ ok: true, affected: 2 });
  });

  it("takes sequences in any order, and remembers refusals too", () => {
    const { table, ask, effects } = counted();
    for (const sequence of [3, 1, 2]) expect(ask(request(1, sequence)).ok).toBe(true);
    expect(effects()).toBe(3);
    const refusal: ApplyOutcome = { ok: false, code: "TYPE_MISMATCH", message: "no" };
    expect(table.once(request(1, 4), () => refusal)).toBe(refusal);
    expect(ask(request(1, 4, { retry: true }))).toEqual(refusal);
  });

  it("forgets what was acknowledged, and does not perform it again", () => {
    const { ask, effects } = counted();
    for (const sequence of [1, 2]) ask(request(1, sequence));
    ask(request(1, 3, { acknowledged: 2 }));
    expect(ask(request(1, 2, { retry: true }))).toEqual(lost);
    expect(effects()).toBe(3);
  });

  it("drops the oldest outcome of a full session and answers that it does not know", () => {
    const { ask, effects } = counted();
    for (let sequence = 1; sequence <= 5; sequence++) ask(request(1, sequence));
    expect(ask(request(1, 1, { retry: true }))).toEqual(lost);
    expect(ask(request(1, 2, { retry: true }))).toEqual({ ok: true, affected: 2 });
    expect(effects()).toBe(5);
  });

  it("expires the session that was used longest ago; then only first attempts of unknown sessions are performed", () => {
    const { ask, effects, table } = counted();
    expect(ask(request(9, 1, { retry: true })).ok).toBe(true);
    for (const session of [1, 2]) ask(request(session, 5));
    ask(request(9, 2));
    ask(request(3, 1));
    expect(table.sessionCount).toBe(3);
    expect(ask(request(1, 5, { retry: true }))).toEqual(lost);
    expect(ask(request(1, 7)).ok).toBe(true);
    expect(ask(request(1, 5, { retry: true }))).toEqual(lost);
    expect(ask(request(1, 6)).ok).toBe(true);
    expect(ask(request(1, 8, { retry: true })).ok).toBe(true);
    expect(effects()).toBe(8);
  });

  it("bounds the outcomes of all sessions together", () => {
    const { ask, table } = counted();
    for (const session of [1, 2, 3]) for (let sequence = 1; sequence <= 4; sequence++) ask(request(session, sequence));
    expect(table.sessionCount).toBe(2);
    expect(ask(request(1, 4, { retry: true }))).toEqual(lost);
  });

  it("travels as bytes and goes on the same", () => {
    const { table, ask } = counted();
    for (const session of [1, 2, 3, 4]) for (const sequence of [1, 2, 3]) ask(request(session, sequence));
    table.once(request(2, 9), () => ({ ok: false, code: "TYPE_MISMATCH", message: "no" }));
    const bytes = table.encode();
    const copy = RequestTable.decode(bytes, limits);
    expect(copy.encode()).toEqual(bytes);
    for (const id of [request(2, 9, { retry: true }), request(1, 1, { retry: true }), request(5, 1)]) {
      const outcome: ApplyOutcome = { ok: true, affected: 1 };
      expect(copy.once(id, () => outcome)).toEqual(table.once(id, () => outcome));
    }
    expect(copy.encode()).toEqual(table.encode());
    for (let cut = 0; cut < bytes.length; cut += 7)
      expect(() => RequestTable.decode(bytes.subarray(0, cut), limits)).toThrow(
        expect.objectContaining({ code: "FRAME_MALFORMED" }),
      );
  });
});
