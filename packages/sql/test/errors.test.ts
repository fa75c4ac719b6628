import type { ErrorCode } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import { aggregateResultType, parse } from "../src/index.ts";
import { errorOf, MS } from "./helpers.ts";

const refuse = (sql: string) => errorOf(() => parse(sql, MS));
const S = "SELECT s1 FROM root.sg ";

/** Statement, code, place (line:column), a part of the message. */
const TABLE: readonly [string, ErrorCode, string, string][] = [
  ["SELECT s1 form root.sg", "SQL_SYNTAX", "1:11", "expected AS, ',' or FROM but found 'form'; did you mean FROM?"],
  ["", "SQL_SYNTAX", "1:1", "the statement is empty: expected SELECT, INSERT, CREATE"],
  ["\n\n", "SQL_SYNTAX", "1:1", "the statement is empty"],
  ["-- nothing", "SQL_SYNTAX", "1:1", "the statement is empty"],
  [";", "SQL_SYNTAX", "1:1", "expected SELECT"],
  ["CRAETE STORAGE GROUP root.a", "SQL_SYNTAX", "1:1", "did you mean CREATE?"],
  [
    "GRANT x",
    "SQL_SYNTAX",
    "1:1",
    "expected SELECT, INSERT, CREATE, SET, DELETE, DROP, SHOW, COUNT or FLUSH but found 'GRANT'",
  ],
  ["CREATE USER x 'y'", "SQL_SYNTAX", "1:8", "expected STORAGE or TIMESERIES but found 'USER'"],
  ["SHOW DEVISES", "SQL_SYNTAX", "1:6", "did you mean DEVICES?"],
  ["SELECT", "SQL_SYNTAX", "1:7", "expected LAST, a function or a series but found the end of the statement"],
  ["SELECT count( FROM root.sg", "SQL_SYNTAX", "1:15", "expected a series but found 'FROM'"],
  ["SELECT s1\n  FROM root.sg\n  WHERE s1 >", "SQL_SYNTAX", "3:13", "expected a value or a series"],
  ["SELECT s1 FROM sg.d1", "SQL_SYNTAX", "1:16", "expected a path from root but found 'sg.d1'"],
  [`${S}WHERE s1`, "SQL_SYNTAX", "1:32", "expected a comparison, NOT, IN or BETWEEN"],
  [`${S}WHERE (s1 > 5`, "SQL_SYNTAX", "1:37", "expected AND, OR or ')'"],
  [`${S}LIMT 5`, "SQL_SYNTAX", "1:24", "did you mean LIMIT?"],
  [`${S}; SHOW DEVICES`, "SQL_SYNTAX", "1:26", "one statement at a time"],
  [`${S}LIMIT 5 LIMIT 6`, "SQL_SYNTAX", "1:32", "LIMIT stands twice"],
  [`${S}WHERE s1 = 'abc`, "SQL_SYNTAX", "1:35", "no closing '"],
  [`${S}/* abc`, "SQL_SYNTAX", "1:24", "not closed with */"],
  [`${S}WHERE s1 > ?`, "SQL_SYNTAX", "1:35", "unexpected character '?'"],
  [`${S}WHERE s1 > \u0000`, "SQL_SYNTAX", "1:35", "unexpected character with code 0"],
  [`${S}WHERE s1 = 'a\\qb'`, "SQL_SYNTAX", "1:37", "unknown escape '\\q'"],
  [`${S}WHERE ${"(".repeat(201)}s1 > 1`, "SQL_SYNTAX", "1:230", "nested deeper than 200 levels"],
  [`${S}WHERE time > 'soon'`, "SQL_SYNTAX", "1:37", "'soon' is no time"],
  [`${S}FILL(float[prevous])`, "SQL_SYNTAX", "1:35", "expected PREVIOUS or LINEAR"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), 5)", "SQL_SYNTAX", "1:47", "expected a duration such as 10m"],
  ["INSERT INTO root.sg.d VALUES (1)", "SQL_SYNTAX", "1:23", "expected '(' but found 'VALUES'"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (1, abc)", "SQL_SYNTAX", "1:44", "expected a value but found 'abc'"],
  [
    "INSERT INTO root.sg.d(time, s1) VALUES (1, 2) (3, 4)",
    "SQL_SYNTAX",
    "1:47",
    "expected ',' or the end but found '('",
  ],

  ["SELECT s1 FROM root..d1", "PATH_INVALID", "1:16", "'root..d1' is no path"],
  ["SELECT s1 FROM root.d*", "PATH_INVALID", "1:16", "'root.d*' is no path"],
  ["INSERT INTO root.sg.*(time, s1) VALUES (1, 2)", "PATH_INVALID", "1:13", "'root.sg.*' is no path"],
  ["CREATE STORAGE GROUP root", "PATH_INVALID", "1:22", "'root' alone is no storage group"],
  ["CREATE TIMESERIES root.s WITH DATATYPE=TEXT", "PATH_INVALID", "1:19", "'root.s' is no series"],

  ["SELECT sin(s1) FROM root.sg", "UNSUPPORTED", "1:8", "function sin"],
  ["SELECT s1 INTO s2 FROM root.sg", "UNSUPPORTED", "1:11", "SELECT INTO"],
  [`${S}SLIMIT 5`, "UNSUPPORTED", "1:24", "SLIMIT"],
  [`${S}SOFFSET 5`, "UNSUPPORTED", "1:24", "SOFFSET"],
  [`${S}DISABLE ALIGN`, "UNSUPPORTED", "1:24", "DISABLE ALIGN"],
  [`${S}WITHOUT NULL ANY`, "UNSUPPORTED", "1:24", "WITHOUT NULL"],
  [`${S}WHERE s1 LIKE 'a%'`, "UNSUPPORTED", "1:33", "LIKE"],
  [`${S}WHERE s1 REGEXP 'a'`, "UNSUPPORTED", "1:33", "REGEXP"],
  [`${S}WHERE s1 IS NULL`, "UNSUPPORTED", "1:33", "IS [NOT] NULL"],
  [`${S}WHERE s1 > s2`, "UNSUPPORTED", "1:35", "comparing two series"],
  [`${S}WHERE time = 5 FILL(float[5])`, "UNSUPPORTED", "1:50", "FILL with a value"],
  [`${S}WHERE time = 5 FILL(float[previousUntilLast])`, "UNSUPPORTED", "1:50", "PREVIOUSUNTILLAST"],
  ["INSERT INTO root.sg.d(time, s1) ALIGNED VALUES (1, 2)", "UNSUPPORTED", "1:33", "ALIGNED"],
  ["CREATE TIMESERIES root.a.b.c(t) WITH DATATYPE=TEXT", "UNSUPPORTED", "1:29", "alias"],
  ["CREATE TIMESERIES root.a.b.c TEXT TAGS(a=b)", "UNSUPPORTED", "1:35", "TAGS"],

  ["SELECT foo(s1) FROM root.sg", "SQL_SEMANTIC", "1:8", "known are count, sum, avg"],
  ["SELECT last(s1) FROM root.sg", "SQL_SEMANTIC", "1:8", "SELECT LAST"],
  ["SELECT root.sg.s1 FROM root.sg", "SQL_SEMANTIC", "1:8", "below the paths of FROM"],
  ["SELECT count(s1), s2 FROM root.sg", "SQL_SEMANTIC", "1:19", "cannot be selected together"],
  ["SELECT * AS x FROM root.sg", "SQL_SEMANTIC", "1:8", "an alias names one series"],
  ["SELECT s1 AS x, s2 AS x FROM root.sg", "SQL_SEMANTIC", "1:17", "alias 'x' is given twice"],
  [`${S}GROUP BY ([0, 9), 5ms)`, "SQL_SEMANTIC", "1:24", "needs aggregates"],
  [`${S}GROUP BY LEVEL = 1`, "SQL_SEMANTIC", "1:24", "needs aggregates"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), 0ms)", "SQL_SEMANTIC", "1:29", "the interval of GROUP BY is zero"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), 5ms, 0s)", "SQL_SEMANTIC", "1:29", "the step of GROUP BY is zero"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), -5ms)", "SQL_SEMANTIC", "1:47", "cannot be negative"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([9, 9), 5ms)", "SQL_SEMANTIC", "1:29", "ends before it begins, or is empty"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9], 5ms)", "SQL_SEMANTIC", "1:39", "[start, end) or (start, end]"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), 1us)", "SQL_SEMANTIC", "1:47", "no whole number of ms"],
  ["SELECT avg(s1) FROM root.sg GROUP BY ([0, 9), 1mo1d)", "SQL_SEMANTIC", "1:47", "mixes calendar months"],
  ["SELECT avg(s1) FROM root.sg GROUP BY LEVEL=1 ALIGN BY DEVICE", "SQL_SEMANTIC", "1:29", "aligned by device"],
  ["SELECT d1.s1 FROM root.sg ALIGN BY DEVICE", "SQL_SEMANTIC", "1:8", "not 'd1.s1'"],
  ["SELECT s1 FROM root.sg WHERE d1.s1 > 5 ALIGN BY DEVICE", "SQL_SEMANTIC", "1:30", "not 'd1.s1'"],
  ["SELECT LAST avg(s1) FROM root.sg", "SQL_SEMANTIC", "1:17", "SELECT LAST takes series"],
  ["SELECT LAST s1 FROM root.sg WHERE s1 > 5", "SQL_SEMANTIC", "1:35", "can only be about time"],
  ["SELECT LAST s1 FROM root.sg LIMIT 5", "SQL_SEMANTIC", "1:29", "SELECT LAST cannot have LIMIT"],
  [`${S}FILL(float[previous])`, "SQL_SEMANTIC", "1:24", "FILL needs WHERE time = T"],
  [`${S}WHERE time > 5 FILL(float[previous])`, "SQL_SEMANTIC", "1:39", "FILL needs WHERE time = T"],
  ["SELECT avg(s1) FROM root.sg FILL(float[previous])", "SQL_SEMANTIC", "1:29", "needs GROUP BY"],
  [`${S}WHERE time = 5 FILL(text[linear])`, "SQL_SEMANTIC", "1:44", "no meaning for TEXT"],
  [`${S}WHERE time = 5 FILL(ALL[linear], ALL[linear])`, "SQL_SEMANTIC", "1:57", "two methods for ALL"],
  [`${S}LIMIT 0`, "SQL_SEMANTIC", "1:30", "LIMIT takes a whole number from 1 to 2147483647"],
  [`${S}LIMIT -1`, "SQL_SEMANTIC", "1:30", "LIMIT takes"],
  [`${S}LIMIT 2147483648`, "SQL_SEMANTIC", "1:30", "LIMIT takes"],
  [`${S}LIMIT 1.5`, "SQL_SEMANTIC", "1:30", "LIMIT takes"],
  [`${S}OFFSET -1`, "SQL_SEMANTIC", "1:31", "OFFSET takes a whole number from 0"],
  [`${S}WHERE s1 = NULL`, "SQL_SEMANTIC", "1:35", "NULL cannot be compared"],
  [`${S}WHERE 1 = 2`, "SQL_SEMANTIC", "1:34", "time or a series on one side"],
  [`${S}WHERE s1 > 2020-01-01`, "SQL_SEMANTIC", "1:35", "a date or now() stands for a time"],
  [`${S}WHERE time > 1.5`, "SQL_SEMANTIC", "1:37", "a time is a whole number"],
  [`${S}WHERE time > now() - 1mo`, "SQL_SEMANTIC", "1:45", "calendar months"],
  [`${S}WHERE time > 2020-02-30`, "SQL_SEMANTIC", "1:37", "does not exist"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (1, 2), (3)", "SQL_SEMANTIC", "1:48", "row 2 has 1 value for 2 columns"],
  ["INSERT INTO root.sg.d(time, s1, s1) VALUES (1, 2, 3)", "SQL_SEMANTIC", "1:33", "column 's1' stands twice"],
  ["INSERT INTO root.sg.d(time, timestamp) VALUES (1, 2)", "SQL_SEMANTIC", "1:29", "column 'time' stands twice"],
  ["INSERT INTO root.sg.d(time) VALUES (1)", "SQL_SEMANTIC", "1:23", "at least one measurement"],
  ["INSERT INTO root.sg.d(time, a.b) VALUES (1, 2)", "SQL_SEMANTIC", "1:29", "'a.b' is no measurement"],
  ["INSERT INTO root.sg.d(s1) VALUES (1), (2)", "SQL_SEMANTIC", "1:39", "need a time column"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (NULL, 2)", "SQL_SEMANTIC", "1:41", "a time is"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (1, now())", "SQL_SEMANTIC", "1:44", "stands for a time"],
  ["CREATE TIMESERIES root.a.b.c", "SQL_SEMANTIC", "1:19", "the data type is missing"],
  ["CREATE TIMESERIES root.a.b.c WITH DATATYPE=DUBLE", "SQL_SEMANTIC", "1:44", "known are BOOLEAN, INT32"],
  ["CREATE TIMESERIES root.a.b.c TEXT ENCODING=X", "SQL_SEMANTIC", "1:44", "unknown encoding 'X'"],
  ["CREATE TIMESERIES root.a.b.c TEXT DATATYPE=TEXT", "SQL_SEMANTIC", "1:35", "given twice"],
  ["CREATE TIMESERIES root.a.b.c FLOTE", "SQL_SEMANTIC", "1:30", "neither a data type nor a property"],
  ["DELETE FROM root.a.b.c WHERE s1 > 5", "SQL_SEMANTIC", "1:30", "can only be about time"],
  ["DELETE FROM root.a.b.c WHERE time > 5 OR time < 3", "SQL_SEMANTIC", "1:30", "one range of time"],
  ["DELETE FROM root.a.b.c WHERE NOT time > 5", "SQL_SEMANTIC", "1:30", "one range of time"],
  ["DELETE FROM root.a.b.c WHERE time > 5 AND time < 3", "SQL_SEMANTIC", "1:30", "is empty"],
  ["DELETE FROM root.a.b.c WHERE time > 9223372036854775807", "SQL_SEMANTIC", "1:30", "is empty"],
  ["DELETE FROM root.a.b.c WHERE time > 5 AND time > now()", "SQL_SEMANTIC", "1:30", "the same side"],

  [`${S}WHERE s1 > 9223372036854775808`, "VALUE_OUT_OF_RANGE", "1:35", "does not fit in signed 64 bits"],
  [`${S}WHERE s1 > 1e999`, "VALUE_OUT_OF_RANGE", "1:35", "does not fit in a DOUBLE"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (1, -9223372036854775809)", "VALUE_OUT_OF_RANGE", "1:44", "64 bits"],
  [`${S}WHERE time > 9223372036854775808`, "TIME_OUT_OF_RANGE", "1:37", "does not fit in signed 64 bits"],
  [`${S}WHERE time > now() - 99999999999999w`, "TIME_OUT_OF_RANGE", "1:45", "longer than a time can be"],
  ["INSERT INTO root.sg.d(time, s1) VALUES (9223372036854775808, 1)", "TIME_OUT_OF_RANGE", "1:41", "64 bits"],
];

describe("statements that are refused", () => {
  it.each(TABLE)("%j: %s at %s", (sql, code, place, part) => {
    const error = refuse(sql);
    const { line, column } = error.details;
    expect([error.code, `${line}:${column}`]).toEqual([code, place]);
    expect(error.message).toContain(part);
    expect(error.message.startsWith(`line ${place}: `)).toBe(true);
  });

  it("show the line with a caret under the place", () => {
    const error = refuse("SELECT s1\n\tform root.sg\nLIMIT 5");
    expect(error.message.split("\n").slice(1)).toEqual([" form root.sg", " ^^^^"]);
    expect(error.details).toEqual({ line: 2, column: 2, offset: 11, length: 4, expected: ["AS", "','", "FROM"] });
  });

  it("show a window of a long line", () => {
    const error = refuse(`SELECT ${"s1, ".repeat(1000)}FROM root.sg`);
    const [, line = "", caret = ""] = error.message.split("\n");
    expect(line.length).toBeLessThan(130);
    expect(line.slice(caret.indexOf("^"), caret.length)).toBe("FROM");
  });

  it("may be one MiB long, not longer", () => {
    const statement = `SHOW DEVICES${" ".repeat(1_048_576 - 12)}`;
    expect(parse(statement, MS)).toMatchObject({ kind: "showDevices" });
    expect(refuse(`${statement} `)).toMatchObject({ code: "SQL_SYNTAX" });
  });

  it("say what was expected far behind in a long INSERT", () => {
    const error = refuse(`INSERT INTO root.sg.d(time, s1) VALUES ${"(1, now()), ".repeat(5_000)}(1 2)`);
    expect(error.message).toContain("expected ',' or ')' but found '2'");
  });

  it("leave nothing behind for the next statement", () => {
    for (let round = 0; round < 300; round++) refuse(`${S}WHERE ((s1 > 9223372036854775808`);
    expect(parse(`${S}WHERE ((s1 > 5))`, MS)).toMatchObject({ kind: "select" });
  });
});

it("knows the type of an aggregate, and where it has no meaning", () => {
  expect(aggregateResultType("count", "TEXT")).toBe("INT64");
  expect(aggregateResultType("max_time", "BOOLEAN")).toBe("INT64");
  expect(aggregateResultType("sum", "INT32")).toBe("DOUBLE");
  expect(aggregateResultType("min_value", "INT32")).toBe("INT32");
  expect(aggregateResultType("last_value", "TEXT")).toBe("TEXT");
  for (const name of ["sum", "avg", "min_value", "max_value"] as const) {
    for (const type of ["BOOLEAN", "TEXT"] as const) {
      expect(errorOf(() => aggregateResultType(name, type)).code).toBe("SQL_SEMANTIC");
    }
  }
});
