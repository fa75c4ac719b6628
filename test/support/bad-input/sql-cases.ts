import type { ErrorCode } from "@ringtide/common";
import { RawClient } from "./raw-client.ts";
import type { OnlineCase } from "./types.ts";

const MANY = 20_000;

/** Conditions in each other: depth `levels`, and and or in turn. */
function nested(levels: number): string {
  let condition = "s > 1";
  for (let i = 0; i < levels; i++) condition = `(s < ${i} ${i % 2 === 0 ? "or" : "and"} ${condition})`;
  return condition;
}

type Row = readonly [name: string, code: ErrorCode, says: RegExp, sql: string];

/** `root.ok.d` has the series i (INT32), f (FLOAT), l (INT64), b (BOOLEAN), t (TEXT) and s (DOUBLE). */
const ROWS: readonly Row[] = [
  ["a misspelt keyword", "SQL_SYNTAX", /^line 1:1: .*did you mean SELECT/, "selec s from root.ok.d"],
  ["a statement that breaks off", "SQL_SYNTAX", /^line 1:14: expected a path/, "select s from"],
  ["an empty statement", "SQL_SYNTAX", /^line 1:1: .*empty/, ""],
  ["a fault in the second line", "SQL_SYNTAX", /^line 2:6: /, "select s\nfrom 5"],
  ["an open string", "SQL_SYNTAX", /^line 1:8: .*closing/, "select 's from root.ok.d"],
  ["two statements", "SQL_SYNTAX", /^line 1:26: one statement/, "select s from root.ok.d; flush"],
  ["a NUL character", "SQL_SYNTAX", /^line 1:8: /, "select \0 from root.ok.d"],
  ["a row too short", "SQL_SEMANTIC", /^line 1:\d+: row 1/, "insert into root.ok.d(timestamp,s) values(1)"],
  ["a column twice", "SQL_SEMANTIC", /'s' stands twice/, "insert into root.ok.d(timestamp,s,s) values(1,2,3)"],
  ["an unknown function", "SQL_SEMANTIC", /^line 1:8: .*'median'/, "select median(s) from root.ok.d"],
  ["a zero interval", "SQL_SEMANTIC", /zero/, "select count(s) from root.ok.d group by ([0,10),0ms)"],
  ["too many windows", "QUERY_TOO_LARGE", /./, "select count(s) from root.ok.d group by ([0,9223372036854775807),1ms)"],
  ["an unknown data type", "SQL_SEMANTIC", /'NOPE'/, "create timeseries root.ok.d.x with datatype=NOPE"],
  [
    "a path with an empty node",
    "PATH_INVALID",
    /^line 1:13: .*root\.\.d/,
    "insert into root..d(timestamp,s) values(1,1)",
  ],
  ["a path that is too long", "PATH_INVALID", /./, `insert into root.${"a.".repeat(MANY)}d(timestamp,s) values(1,1)`],
  ["an unknown path", "PATH_NOT_FOUND", /root\.ok\.d\.nope/, "select nope from root.ok.d"],
  ["an unknown path to delete from", "PATH_NOT_FOUND", /root\.nope\.d\.s/, "delete from root.nope.d.s where time < 5"],
  ["an unknown series to delete", "PATH_NOT_FOUND", /root\.nope\.d\.s/, "delete timeseries root.nope.d.s"],
  ["an unknown storage group", "STORAGE_GROUP_NOT_FOUND", /root\.nope/, "delete storage group root.nope"],
  ["a text for an INT32", "TYPE_MISMATCH", /root\.ok\.d\.i/, "insert into root.ok.d(timestamp,i) values(1,'x')"],
  ["a fraction for an INT64", "TYPE_MISMATCH", /root\.ok\.d\.l/, "insert into root.ok.d(timestamp,l) values(1,1.5)"],
  ["a number for a BOOLEAN", "TYPE_MISMATCH", /root\.ok\.d\.b/, "insert into root.ok.d(timestamp,b) values(1,1)"],
  ["a text compared with a number", "TYPE_MISMATCH", /./, "select i from root.ok.d where i > 'x'"],
  [
    "an INT32 out of range",
    "VALUE_OUT_OF_RANGE",
    /3000000000/,
    "insert into root.ok.d(timestamp,i) values(1,3000000000)",
  ],
  ["a FLOAT out of range", "VALUE_OUT_OF_RANGE", /1e\+300/, "insert into root.ok.d(timestamp,f) values(1,1e300)"],
  ["a DOUBLE out of range", "VALUE_OUT_OF_RANGE", /1e999/, "insert into root.ok.d(timestamp,s) values(1,1e999)"],
  [
    "an INT64 out of range",
    "VALUE_OUT_OF_RANGE",
    /9{20}/,
    `insert into root.ok.d(timestamp,l) values(1,${"9".repeat(20)})`,
  ],
  [
    "a time out of range",
    "TIME_OUT_OF_RANGE",
    /9{20}/,
    `insert into root.ok.d(timestamp,s) values(${"9".repeat(20)},1)`,
  ],
  [
    "a computed time out of range",
    "TIME_OUT_OF_RANGE",
    /now\(\)/,
    "insert into root.ok.d(timestamp,s) values(now()+106751991167d,1)",
  ],
  [
    "a statement that is too long",
    "SQL_SYNTAX",
    /1048576 are allowed/,
    `select s from root.ok.d ${" ".repeat(1_048_576)}`,
  ],
  [
    "parentheses nested too deep",
    "SQL_SYNTAX",
    /nested deeper/,
    `select s from root.ok.d where ${"(".repeat(MANY)}s>1${")".repeat(MANY)}`,
  ],
  ["an unclosed chain of conditions", "SQL_SYNTAX", /./, `select s from root.ok.d where ${"s>1 and ".repeat(MANY)}`],
];

/** Heavy, but no fault in them: they have to be answered. */
const EXTREMES: readonly (readonly [name: string, sql: string])[] = [
  ["conditions nested as deep as it goes", `select s from root.ok.d where ${nested(199)}`],
  ["a long chain of conditions", `select s from root.ok.d where ${"s>=0 and ".repeat(5000)}s>=0`],
  ["a long chain of negations", `select s from root.ok.d where ${"not ".repeat(MANY)}s>=0`],
  ["many wildcards", `select s from root.${"**.".repeat(300)}d`],
  ["a path many times", `select ${"s,".repeat(2000)}s from root.ok.d`],
];

/** What a well-formed delete that finds nothing costs: it asks each data group, in its log. */
const ASKS_EVERY_GROUP: ReadonlySet<string> = new Set([
  "an unknown path to delete from",
  "an unknown series to delete",
]);

export const SQL_CASES: readonly OnlineCase[] = [
  ...ROWS.map(
    ([name, code, says, sql]): OnlineCase => ({
      name,
      code,
      says,
      entries: ASKS_EVERY_GROUP.has(name) ? 3 : 0,
      send: (target) => target.client(1).execute(sql),
    }),
  ),
  ...EXTREMES.map(
    ([name, sql]): OnlineCase => ({
      name,
      code: undefined,
      send: (target) => target.client(1).execute(sql),
    }),
  ),
  {
    name: "an unknown consistency level",
    code: "CONSISTENCY_UNAVAILABLE",
    says: /eventual/,
    send: (target) => target.client(2).execute("select s from root.ok.d", { consistency: "eventual" }),
  },
  {
    name: "a statement in a session that is not open",
    code: "SESSION_UNKNOWN",
    send: (target) => target.client(2).execute("select s from root.ok.d", { session: 77 }),
  },
  {
    name: "a write whose number was answered long ago",
    code: "OUTCOME_UNKNOWN",
    entries: 2,
    send: async (target) => {
      const sql = "insert into root.ok.d(timestamp,s) values(2,0.5)";
      const client = await RawClient.open(target.address(2, "client"), target.client(2).session + 1);
      await client.execute(sql, { sequence: 1000, acknowledged: 999 });
      await client.execute(sql, { sequence: 5, acknowledged: 4, retry: true }).finally(() => client.close());
    },
  },
  {
    name: "a write that claims its own answer",
    code: "SEQUENCE_INVALID",
    says: /request 5/,
    send: (target) =>
      target.client(2).execute("insert into root.ok.d(timestamp,s) values(1,1)", { sequence: 5, acknowledged: 5 }),
  },
];
