import { RingtideError } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { complete, KEYWORDS, parse, splitStatements } from "../src/index.ts";
import { MS, runs } from "./helpers.ts";

/** Pieces that make statements which get further into the grammar than random characters do. */
const PIECE = fc.oneof(
  fc.constantFrom(...KEYWORDS, "INTO", "LIKE", "IS", "SLIMIT"),
  fc.constantFrom("root.sg.d1", "root.*", "root", "s1", "d1.s1", "*", "**", '"a.b"', "'x'", "time", "count", "now()"),
  fc.constantFrom("(", ")", "[", "]", ",", ";", "=", "<", "<=", "!=", "!", "&&", "||", "+", "-", ".", "--", "/*", "*/"),
  fc.constantFrom("1", "-5", "2.5", "1e5", "1d", "3mo", "2020-01-01", "2020-01-01T10:00", "99999999999999999999", "'"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const TEXT = fc.oneof(
  fc.array(PIECE, { maxLength: 30 }).map((pieces) => pieces.join(" ")),
  fc.array(PIECE, { maxLength: 10 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 200 }),
);
const STATEMENTS = [
  "SELECT count(s1), avg(d1.s2) AS x FROM root.sg.d1, root.sg.* WHERE time >= now() - 1d AND (s1 > 5 OR NOT s2 IN (1, 'a')) GROUP BY ([0, 100), 10ms, 5ms) LIMIT 5",
  "SELECT s1 FROM root.sg WHERE time = 5 FILL(float[previous, 1m], double[linear, 5m, 5m])",
  "INSERT INTO root.sg.d1(time, s1, s2) VALUES (1, 2.5, 'x'), (2020-01-01 10:00:00, NULL, \"y\")",
  "CREATE TIMESERIES root.sg.d1.s1 WITH DATATYPE=DOUBLE, ENCODING=RLE",
  "DELETE FROM root.sg.d1.s1 WHERE time < 5 AND time >= 1",
  "SHOW TIMESERIES root.sg.* LIMIT 5 OFFSET 1",
];

/** A good statement with a piece cut out and another put in. */
const BROKEN = fc
  .tuple(fc.constantFrom(...STATEMENTS), fc.nat(200), fc.nat(8), fc.oneof(PIECE, fc.constant("")))
  .map(([sql, at, length, piece]) => {
    const start = at % sql.length;
    return sql.slice(0, start) + piece + sql.slice(start + length);
  });

/** Parses; anything thrown that is not for the user is a failure. */
function parses(sql: string): boolean {
  try {
    parse(sql, MS);
    return true;
  } catch (error) {
    if (!(error instanceof RingtideError) || error.code === "INTERNAL") throw error;
    const { line, column, offset, length } = error.details;
    for (const place of [line, column, offset, length]) expect(place).toBeTypeOf("number");
    expect(offset).toBeLessThanOrEqual(sql.length);
    return false;
  }
}

describe("any text", () => {
  it.each([
    ["random pieces", TEXT],
    ["broken statements", BROKEN],
  ])("parses or is refused with a place, splits and completes: %s", (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        parses(text);
        complete(text);
        const { statements, rest } = splitStatements(text);
        for (const statement of [...statements, rest]) expect(text).toContain(statement);
        // What was split off splits no further.
        for (const statement of statements) expect(splitStatements(statement).statements).toEqual([]);
      }),
      runs(3_000),
    );
  });

  it("means the same in any case of its keywords and with any blanks and comments between", () => {
    const blank = fc.constantFrom(" ", "\n", "\t ", " /* c */ ", " -- c\n", "\u00a0");
    fc.assert(
      fc.property(fc.constantFrom(...STATEMENTS), blank, fc.boolean(), (sql, between, lower) => {
        const words = new RegExp(`\\b(?:${KEYWORDS.join("|")})\\b`, "g");
        const text = (lower ? sql.replaceAll(words, (word) => word.toLowerCase()) : sql).replaceAll(
          /(?<!\d) /g,
          between,
        );
        expect(withoutPlaces(text)).toEqual(withoutPlaces(sql));
      }),
      runs(200),
    );
  });

  it.each([
    ["(".repeat(100_000)],
    [`SELECT ${"count(".repeat(50_000)}`],
    [`SELECT s1 FROM root.sg WHERE ${"(".repeat(100_000)}`],
    [`SELECT s1 FROM root${".a".repeat(200_000)}`],
    ["'".repeat(500_001)],
    ["1".repeat(500_000)],
    [`SELECT s1 FROM root.sg WHERE s1 > ${"1".repeat(500_000)}`],
    [`SELECT s1 FROM root.sg WHERE time > now() ${"+ 1w ".repeat(100_000)}-`],
    ["/*".repeat(200_000)],
    ["-".repeat(500_001)],
    ["\u00a0".repeat(500_000)],
    ["1d".repeat(250_000)],
  ])("answers to hostile input without delay: %#", (text) => {
    const start = performance.now();
    parses(text);
    complete(text);
    splitStatements(text);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

function withoutPlaces(sql: string): unknown {
  const skip = (key: string, value: unknown) => (key === "place" ? undefined : value);
  return JSON.stringify(parse(sql, MS), (key, value) => (typeof value === "bigint" ? `${value}n` : skip(key, value)));
}
