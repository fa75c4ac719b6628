import { aggregate, grouped, type Keep, raw, windows } from "../evaluate.ts";
import { MONTHS } from "../fixed-data.ts";
import type { Answer, Model } from "../model.ts";
import type { Question } from "../random-queries.ts";
import { below, D1, D2, NINE, type Pairs } from "./common.ts";

export function functions(model: Model): Pairs {
  const nine = (path: string) => NINE.map((name) => [name, [path]] as const);
  const some = ["count", "min_time", "max_time", "first_value", "last_value"];
  const every = (where: string, keep?: Keep): Pairs => [
    ...["temp", "n", "big", "f"].map((name): [string, Answer] => [
      `SELECT ${NINE.map((fn) => `${fn}(${name})`).join(", ")} FROM ${D1}${where}`,
      aggregate(model, nine(`${D1}.${name}`), keep),
    ]),
    ...["state", "on"].map((name): [string, Answer] => [
      `SELECT ${some.map((fn) => `${fn}(${name})`).join(", ")} FROM ${D1}${where}`,
      aggregate(
        model,
        some.map((fn) => [fn, [`${D1}.${name}`]] as const),
        keep,
      ),
    ]),
  ];
  return [
    ...every(""),
    ...every(" WHERE time > 15 AND time <= 40", (time) => time > 15n && time <= 40n),
    ...every(" WHERE time > 500", () => false),
    ...every(" WHERE n > 1", (time) => model.number(`${D1}.n`, time) > 1),
    [
      "SELECT COUNT(*) FROM root.sg",
      aggregate(
        model,
        below(model, "root.sg").map((path) => ["count", [path]] as const),
      ),
    ],
    [
      "SELECT sum(a), max_value(b), count(a), last_value(a) FROM root.over.d",
      aggregate(model, [
        ["sum", ["root.over.d.a"]],
        ["max_value", ["root.over.d.b"]],
        ["count", ["root.over.d.a"]],
        ["last_value", ["root.over.d.a"]],
      ]),
    ],
    ...["a", "b", "c"].map((name): [string, Answer] => [
      `SELECT ${NINE.map((fn) => `${fn}(${name})`).join(", ")} FROM root.del.d`,
      aggregate(model, nine(`root.del.d.${name}`)),
    ]),
  ];
}

export function groupBys(model: Model): Pairs {
  const columns = [
    ["avg", [`${D1}.temp`]],
    ["count", [`${D1}.n`]],
    ["last_value", [`${D1}.state`]],
  ] as const;
  const select = `SELECT avg(temp), count(n), last_value(state) FROM ${D1}`;
  const month = (from: string) => BigInt(Date.parse(from));
  const monthWindows = (...starts: string[]) =>
    starts
      .slice(0, -1)
      .map((start, i): [bigint, bigint, bigint] => [month(start), month(start), month(starts[i + 1] ?? start)]);
  const counted = [
    ["count", ["root.month.d.s"]],
    ["sum", ["root.month.d.s"]],
  ] as const;
  const months = "SELECT count(s), sum(s) FROM root.month.d GROUP BY";
  const level = (name: string, key: string, matching: RegExp) => [`${name}(${key})`, model.paths(matching)] as const;
  return [
    [`${select} GROUP BY ([0, 60), 20ms)`, grouped(model, columns, windows(0n, 60n, 20n))],
    [`${select} GROUP BY ([-30, 55), 10ms, 15ms)`, grouped(model, columns, windows(-30n, 55n, 10n, 15n))],
    [`${select} GROUP BY ([0, 50), 20ms, 5ms)`, grouped(model, columns, windows(0n, 50n, 20n, 5n))],
    [`${select} GROUP BY ((0, 50], 20ms)`, grouped(model, columns, windows(0n, 50n, 20n, 20n, "(]"))],
    [`${select} GROUP BY ((0, 50], 20ms, 10ms)`, grouped(model, columns, windows(0n, 50n, 20n, 10n, "(]"))],
    [
      `${select} WHERE n > 1 AND time < 50 GROUP BY ([0, 60), 20ms)`,
      grouped(model, columns, windows(0n, 60n, 20n), (time) => time < 50n && model.number(`${D1}.n`, time) > 1),
    ],
    [
      `${select} GROUP BY ([0, 60), 20ms) ORDER BY TIME DESC LIMIT 2 OFFSET 1`,
      grouped(model, columns, windows(0n, 60n, 20n), undefined, { descending: true, limit: 2, offset: 1 }),
    ],
    [
      `SELECT count(temp) FROM ${D1} GROUP BY ([1970-01-01T00:00:00Z, 1970-01-01T00:00:01Z), 1s)`,
      grouped(model, [["count", [`${D1}.temp`]]], windows(0n, 1000n, 1000n)),
    ],
    [
      "SELECT count(a), sum(b) FROM root.del.d GROUP BY ([0, 40), 6ms)",
      grouped(
        model,
        [
          ["count", ["root.del.d.a"]],
          ["sum", ["root.del.d.b"]],
        ],
        windows(0n, 40n, 6n),
      ),
    ],
    [
      `${months} ([2024-01-01T00:00:00Z, 2024-05-01T00:00:00Z), 1mo)`,
      grouped(model, counted, monthWindows("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01")),
    ],
    [
      `${months} ([2024-01-31T00:00:00Z, 2024-04-30T00:00:00Z), 1mo)`,
      grouped(model, counted, monthWindows("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")),
    ],
    [
      `${months} ([2024-01-01T00:00:00Z, 2025-01-01T00:00:00Z), 1y)`,
      grouped(model, counted, monthWindows("2024-01-01", "2025-01-01")),
    ],
    [
      "SELECT count(temp) FROM root.sg.* GROUP BY LEVEL = 1",
      aggregate(model, [level("count", "root.sg.*.temp", /^root\.sg\.\w+\.temp$/)]),
    ],
    [
      "SELECT count(temp), avg(temp), max_value(temp), first_value(temp), last_value(temp), min_time(temp) FROM root.*.* GROUP BY LEVEL = 0",
      aggregate(
        model,
        ["count", "avg", "max_value", "first_value", "last_value", "min_time"].map((name) =>
          level(name, "root.*.*.temp", /^root\.\w+\.\w+\.temp$/),
        ),
      ),
    ],
    [
      "SELECT sum(temp) FROM root.sg.* GROUP BY LEVEL = 2",
      aggregate(model, [
        ["sum(root.*.d1.temp)", [`${D1}.temp`]],
        ["sum(root.*.d2.temp)", [`${D2}.temp`]],
      ]),
    ],
    [
      "SELECT sum(temp), count(temp) FROM root.sg.* GROUP BY ([0, 60), 30ms), LEVEL = 1",
      grouped(
        model,
        [
          level("sum", "root.sg.*.temp", /^root\.sg\.\w+\.temp$/),
          level("count", "root.sg.*.temp", /^root\.sg\.\w+\.temp$/),
        ],
        windows(0n, 60n, 30n),
      ),
    ],
  ];
}

/** Questions in a session with the zone Europe/Berlin. */
export function berlinQuestions(model: Model): Question[] {
  const month = (from: string) => BigInt(Date.parse(from));
  const starts = [
    "2023-12-31T23:00:00Z",
    "2024-01-31T23:00:00Z",
    "2024-02-29T23:00:00Z",
    "2024-03-31T22:00:00Z",
    "2024-04-30T22:00:00Z",
  ].map(month);
  const over = starts.slice(0, -1).map((start, i): [bigint, bigint, bigint] => [start, start, starts[i + 1] ?? start]);
  return [
    {
      sql: "SELECT count(s) FROM root.month.d GROUP BY ([2024-01-01, 2024-05-01), 1mo)",
      expected: grouped(model, [["count", ["root.month.d.s"]]], over),
    },
    {
      sql: "SELECT s FROM root.month.d WHERE time >= 2024-03-01 AND time < '2024-05-01 00:00'",
      expected: raw(model, ["root.month.d.s"], (time) => time >= (starts[2] ?? 0n) && time < (starts[4] ?? 0n)),
    },
    {
      sql: "SELECT s FROM root.month.d WHERE time = 2024/01/31 23:30:00",
      expected: raw(model, ["root.month.d.s"], (time) => time === MONTHS[0]),
    },
  ];
}
