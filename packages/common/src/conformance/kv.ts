import { describe, expect, it } from "vitest";
import { utf8Bytes, utf8Text } from "../bytes.ts";
import type { Kv, KvChange, KvRange, OpenKv } from "../ports/index.ts";
import { type Disposable, expectCode, fixture, pattern } from "./support.ts";

export interface KvFixture extends Disposable {
  readonly open: OpenKv;
  /** A directory that no store was opened in yet. */
  readonly directory: string;
}

const put = (key: string, value: string): KvChange => ({ op: "put", key: utf8Bytes(key), value: utf8Bytes(value) });
const remove = (key: string): KvChange => ({ op: "delete", key: utf8Bytes(key) });

/** Registers the tests that every Kv has to pass. */
export function kvConformance(name: string, make: () => Promise<KvFixture>): void {
  describe(`Kv: ${name}`, () => {
    const given = fixture(make);
    const withStore = async (use: (kv: Kv) => Promise<void>): Promise<void> => {
      const kv = await given().open(given().directory);
      try {
        await use(kv);
      } finally {
        await kv.close();
      }
    };
    describe("values", () => values(withStore));
    describe("ranges", () => ranges(withStore));
    describe("the directory", () => directory(given, withStore));
  });
}

type WithStore = (use: (kv: Kv) => Promise<void>) => Promise<void>;

async function texts(kv: Kv, range: KvRange = {}): Promise<string[]> {
  const out: string[] = [];
  for await (const [key, value] of kv.entries(range)) out.push(`${utf8Text(key)}=${utf8Text(value)}`);
  return out;
}

function values(withStore: WithStore): void {
  it("gives back what was put last, and nothing for what was never there or is deleted", () =>
    withStore(async (kv) => {
      await kv.write([put("a", "1"), put("b", "2"), put("a", "3")], { sync: false });
      await kv.write([remove("b"), remove("never")], { sync: true });
      expect(await kv.get(utf8Bytes("a"))).toEqual(utf8Bytes("3"));
      expect(await kv.get(utf8Bytes("b"))).toBeUndefined();
      expect(await kv.get(utf8Bytes("c"))).toBeUndefined();
    }));

  it("applies the changes of a batch in their order", () =>
    withStore(async (kv) => {
      await kv.write([put("a", "1"), remove("a"), put("b", "1"), remove("b"), put("b", "2")], { sync: false });
      expect(await texts(kv)).toEqual(["b=2"]);
    }));

  it("keeps any bytes: empty keys and values, zeros, 1 MiB", () =>
    withStore(async (kv) => {
      const empty = new Uint8Array(0);
      const large = pattern(1024 * 1024);
      const zeros = new Uint8Array([0, 0, 255, 0]);
      const changes: KvChange[] = [
        { op: "put", key: empty, value: zeros },
        { op: "put", key: zeros, value: empty },
        { op: "put", key: utf8Bytes("large"), value: large },
      ];
      await kv.write(changes, { sync: true });
      expect(await kv.get(empty)).toEqual(zeros);
      expect(await kv.get(zeros)).toEqual(empty);
      expect(await kv.get(utf8Bytes("large"))).toEqual(large);
    }));

  it("applies writes that are under way together in the order of the calls", () =>
    withStore(async (kv) => {
      const writes = Array.from({ length: 200 }, (_, i) => kv.write([put("a", String(i))], { sync: i % 50 === 0 }));
      await Promise.all(writes);
      expect(await texts(kv)).toEqual(["a=199"]);
    }));

  it("lets the caller reuse its buffers once the write is done", () =>
    withStore(async (kv) => {
      const value = utf8Bytes("before");
      await kv.write([{ op: "put", key: utf8Bytes("a"), value }], { sync: false });
      value.fill(0);
      expect(await texts(kv)).toEqual(["a=before"]);
    }));

  it("takes an empty batch", () =>
    withStore(async (kv) => {
      await kv.write([], { sync: false });
      await kv.write([], { sync: true });
      expect(await texts(kv)).toEqual([]);
    }));
}

function ranges(withStore: WithStore): void {
  const letters = (kv: Kv) =>
    kv.write(
      ["c", "a", "d", "b"].map((letter) => put(letter, letter.toUpperCase())),
      { sync: false },
    );

  it("gives entries from the first to before the end, forwards or backwards, up to a limit", () =>
    withStore(async (kv) => {
      await letters(kv);
      expect(await texts(kv)).toEqual(["a=A", "b=B", "c=C", "d=D"]);
      expect(await texts(kv, { from: utf8Bytes("b"), to: utf8Bytes("d") })).toEqual(["b=B", "c=C"]);
      expect(await texts(kv, { from: utf8Bytes("bb") })).toEqual(["c=C", "d=D"]);
      expect(await texts(kv, { to: utf8Bytes("c"), reverse: true })).toEqual(["b=B", "a=A"]);
      expect(await texts(kv, { limit: 2 })).toEqual(["a=A", "b=B"]);
      expect(await texts(kv, { reverse: true, limit: 1 })).toEqual(["d=D"]);
      expect(await texts(kv, { limit: 0 })).toEqual([]);
      expect(await texts(kv, { to: new Uint8Array(0) })).toEqual([]);
      expect(await texts(kv, { from: utf8Bytes("c"), to: utf8Bytes("b") })).toEqual([]);
    }));

  it("orders keys as unsigned bytes, a prefix before what goes on", () =>
    withStore(async (kv) => {
      const keys = [[], [0], [0, 0], [1], [1, 255], [127], [128], [255], [255, 255]];
      const changes = keys.map((key) => ({ op: "put" as const, key: Uint8Array.from(key), value: new Uint8Array(0) }));
      await kv.write(changes.toReversed(), { sync: false });
      const found: number[][] = [];
      for await (const [key] of kv.entries({})) found.push(Array.from(key));
      expect(found).toEqual(keys);
    }));

  it("shows the entries of the moment of the call", () =>
    withStore(async (kv) => {
      await letters(kv);
      const entries = kv.entries({});
      await kv.write([put("e", "E"), remove("a")], { sync: false });
      const seen: string[] = [];
      for await (const [key] of entries) {
        if (seen.length === 1) await kv.write([remove("d")], { sync: false });
        seen.push(utf8Text(key));
      }
      expect(seen).toEqual(["a", "b", "c", "d"]);
      expect(await texts(kv)).toEqual(["b=B", "c=C", "e=E"]);
    }));

  it("reads ranges of many entries, and may be left early", () =>
    withStore(async (kv) => {
      const key = (i: number) => String(i).padStart(6, "0");
      await kv.write(
        Array.from({ length: 5_000 }, (_, i) => put(key(i), String(i))),
        { sync: false },
      );
      expect((await texts(kv)).length).toBe(5_000);
      for await (const [found] of kv.entries({ from: utf8Bytes(key(4_000)) })) {
        expect(utf8Text(found)).toBe(key(4_000));
        break;
      }
    }));
}

function directory(given: () => KvFixture, withStore: WithStore): void {
  it("keeps its content over close and open", async () => {
    await withStore((kv) => kv.write([put("a", "1")], { sync: true }));
    await withStore((kv) => kv.write([put("b", "2")], { sync: false }));
    await withStore(async (kv) => expect(await texts(kv)).toEqual(["a=1", "b=2"]));
  });

  it("lets in one opener at a time", async () => {
    await withStore(async () => {
      await expectCode(given().open(given().directory), "DATA_DIR_IN_USE");
    });
    await withStore(async (kv) => expect(await texts(kv)).toEqual([]));
  });
}
