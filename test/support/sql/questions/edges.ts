import { aggregate, grouped, last, raw, windows } from "../evaluate.ts";
import { EDGES, MAX_TIME, MIN_TIME } from "../fixed-data.ts";
import type { Answer, Model } from "../model.ts";
import { below, NINE, type Pairs, paths } from "./common.ts";

export function edges(model: Model): Pairs {
  const d = "root.edge.d";
  const names = ["d", "f", "i", "l", "t"];
  const nine = (name: string) => NINE.map((fn) => [fn, [`${d}.${name}`]] as const);
  const sql = "root.edge.sql";
  const exact = ["count", "min_value", "max_value", "min_time", "max_time", "first_value", "last_value"];
  return [
    [`SELECT * FROM ${d}`, raw(model, paths(d, ...names))],
    [`SELECT * FROM ${d} ORDER BY TIME DESC`, raw(model, paths(d, ...names), undefined, { descending: true })],
    [
      `SELECT * FROM ${d}, ${sql} LIMIT 3 OFFSET 3`,
      raw(model, [...paths(d, ...names), ...paths(sql, "d", "i", "l")], undefined, { limit: 3, offset: 3 }),
    ],
    ...EDGES.map((edge): [string, Answer] => [
      `SELECT l, t FROM ${d} WHERE time = ${edge}`,
      raw(model, paths(d, "l", "t"), (time) => time === edge),
    ]),
    [
      `SELECT l FROM ${d} WHERE time > ${MIN_TIME} AND time < ${MAX_TIME}`,
      raw(model, paths(d, "l"), (time) => time > MIN_TIME && time < MAX_TIME),
    ],
    [
      `SELECT l FROM ${d} WHERE time <= ${MIN_TIME} OR time >= ${MAX_TIME}`,
      raw(model, paths(d, "l"), (time) => time === MIN_TIME || time === MAX_TIME),
    ],
    [`SELECT l FROM ${d} WHERE time < ${MIN_TIME}`, raw(model, paths(d, "l"), () => false)],
    [
      `SELECT i FROM ${d} WHERE time < 0 ORDER BY TIME DESC`,
      raw(model, paths(d, "i"), (time) => time < 0n, { descending: true }),
    ],
    ...["d", "f", "i"].map((name): [string, Answer] => [
      `SELECT ${NINE.map((fn) => `${fn}(${name})`).join(", ")} FROM ${d}`,
      aggregate(model, nine(name)),
    ]),
    [
      `SELECT ${exact.map((fn) => `${fn}(l)`).join(", ")} FROM ${d}`,
      aggregate(
        model,
        exact.map((fn) => [fn, [`${d}.l`]] as const),
      ),
    ],
    [`SELECT d FROM ${d} WHERE d > 0`, raw(model, paths(d, "d"), (time) => (model.at(`${d}.d`, time) as number) > 0)],
    [`SELECT d FROM ${d} WHERE d = 0`, raw(model, paths(d, "d"), (time) => model.at(`${d}.d`, time) === 0)],
    [`SELECT d FROM ${d} WHERE d = NaN`, raw(model, paths(d, "d"), () => false)],
    [`SELECT d FROM ${d} WHERE d != 0`, raw(model, paths(d, "d"), (time) => (model.at(`${d}.d`, time) ?? 0) !== 0)],
    [
      `SELECT l FROM ${d} WHERE l >= ${MAX_TIME} OR l = ${MIN_TIME}`,
      raw(model, paths(d, "l"), (time) => [MIN_TIME, MAX_TIME].includes(model.at(`${d}.l`, time) as bigint)),
    ],
    [
      `SELECT l FROM ${d} WHERE l = 9007199254740993`,
      raw(model, paths(d, "l"), (time) => model.at(`${d}.l`, time) === 2n ** 53n + 1n),
    ],
    [
      `SELECT t FROM ${d} WHERE t = '日本語' OR t = '' OR t = '\\u00fc' OR t = '\\n\\t' OR t = '\\'"\\\\'`,
      raw(model, paths(d, "t"), (time) =>
        ["日本語", "", "ü", "\n\t", "'\"\\"].includes(model.at(`${d}.t`, time) as string),
      ),
    ],
    [`SELECT LAST l, i FROM ${d}`, last(model, paths(d, "l", "i"))],
    [`SELECT * FROM ${sql}`, raw(model, paths(sql, "d", "i", "l"))],
    [`SELECT l FROM ${sql} WHERE time = 0 FILL(ALL[previous])`, { names: paths(sql, "l"), rows: [[0n, 0n]] }],
    [
      `SELECT count(l) FROM ${sql} GROUP BY ([-10, 10), 10ms)`,
      grouped(model, [["count", [`${sql}.l`]]], windows(-10n, 10n, 10n)),
    ],
    [
      `SELECT count(l) FROM ${d} GROUP BY ([${MIN_TIME}, ${MIN_TIME + 4n}), 2ms)`,
      grouped(model, [["count", [`${d}.l`]]], windows(MIN_TIME, MIN_TIME + 4n, 2n)),
    ],
  ];
}

export function names(model: Model): Pairs {
  return [
    ...['root.last."a.b"', "root.last.1", "root.last.count", "root.last.größe_日本"].map((device): [string, Answer] => [
      `SELECT größe, "c.d", a-b:c@#$%, select_1 FROM ${device}`,
      raw(model, paths(device, "größe", '"c.d"', "a-b:c@#$%", "select_1")),
    ]),
    ["SELECT last FROM root.words.d", raw(model, ["root.words.d.last"])],
    ["SELECT LAST last FROM root.words.d", last(model, ["root.words.d.last"])],
    [
      "SELECT d.from, d.select, count, d.count FROM root.words, root.words.d",
      raw(model, ["root.words.d.from", "root.words.d.select", "root.words.d.count", "root.words.d.count"]),
    ],
    ["SELECT count(count) FROM root.words.d", aggregate(model, [["count", ["root.words.d.count"]]])],
    ["SELECT * FROM root.last", raw(model, below(model, "root.last"))],
    [
      'SELECT größe FROM root.last.* WHERE root.last."a.b"."c.d" > 5',
      raw(
        model,
        below(model, "root.last").filter((path) => path.endsWith(".größe")),
        (time) => time === 2n,
      ),
    ],
    [
      "SELECT LAST größe FROM root.last.*",
      last(
        model,
        below(model, "root.last").filter((path) => path.endsWith(".größe")),
      ),
    ],
  ];
}
