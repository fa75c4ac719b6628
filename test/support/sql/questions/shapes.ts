import { byDevice, type FillRule, filled, grouped, last, windows } from "../evaluate.ts";
import type { Answer, Cell, Model } from "../model.ts";
import { below, D1, D2, type Pairs, paths, X } from "./common.ts";

export function lastOnes(model: Model): Pairs {
  return [
    [`SELECT LAST temp, state FROM ${D1}`, last(model, paths(D1, "temp", "state"))],
    ["SELECT LAST * FROM root.sg", last(model, below(model, "root.sg"))],
    [
      "SELECT LAST * FROM root.sg, root.over WHERE time >= 50",
      last(model, [...below(model, "root.sg"), ...below(model, "root.over")], (time) => time >= 50n),
    ],
    ["SELECT LAST * FROM root.del WHERE time > 2", last(model, below(model, "root.del"), (time) => time > 2n)],
    ["SELECT LAST * FROM root.sg WHERE time >= now() - 1h", last(model, below(model, "root.sg"), () => false)],
  ];
}

export function fills(model: Model): Pairs {
  const row = (time: bigint, rules: readonly (readonly [string, FillRule | undefined])[]): Answer => ({
    names: rules.map(([name]) => `${D1}.${name}`),
    rows: [
      [
        time,
        ...rules.map(([name, rule]): Cell => {
          const { path, type } = model.get(`${D1}.${name}`);
          return rule === undefined ? (model.at(path, time) ?? null) : filled(type, model.points(path), time, rule);
        }),
      ],
    ],
  });
  const previous: FillRule = { method: "previous" };
  const linear: FillRule = { method: "linear" };
  const over = windows(-30n, 70n, 10n);
  const gapped = (
    sql: string,
    columns: readonly (readonly [string, readonly string[]])[],
    rules: readonly (FillRule | undefined)[],
    types: readonly ("DOUBLE" | "INT32" | "INT64" | "TEXT")[],
  ): [string, Answer] => {
    const plain = grouped(model, columns, over);
    const rows = plain.rows.map(([time, ...cells]) => [
      time as bigint,
      ...cells.map((cell, i) => {
        const rule = rules[i];
        if (cell !== null || rule === undefined) return cell;
        const points = plain.rows.flatMap((each) =>
          each[i + 1] === null || each[i + 1] === undefined
            ? []
            : [[each[0] as bigint, each[i + 1] as number] as const],
        );
        return filled(types[i] ?? "DOUBLE", points, time as bigint, rule);
      }),
    ]);
    return [sql, { names: plain.names, rows }];
  };
  return [
    [`SELECT temp FROM ${D1} WHERE time = 30 FILL(double[previous])`, row(30n, [["temp", previous]])],
    [
      `SELECT temp, n, state, on, f, big FROM ${D1} WHERE time = 45 FILL(ALL[previous])`,
      row(
        45n,
        ["temp", "n", "state", "on", "f", "big"].map((name) => [name, previous] as const),
      ),
    ],
    [
      `SELECT temp FROM ${D1} WHERE time = 35 FILL(double[previous, 10ms])`,
      row(35n, [["temp", { method: "previous", before: 10n }]]),
    ],
    [
      `SELECT temp FROM ${D1} WHERE time = 30 FILL(double[previous, 10ms])`,
      row(30n, [["temp", { method: "previous", before: 10n }]]),
    ],
    [
      `SELECT temp, n, big, f FROM ${D1} WHERE time = 25 FILL(ALL[linear])`,
      row(25n, [
        ["temp", linear],
        ["n", linear],
        ["big", linear],
        ["f", linear],
      ]),
    ],
    [
      `SELECT temp, n FROM ${D1} WHERE time = 45 FILL(double[linear, 5ms, 4ms], ALL[previous])`,
      row(45n, [
        ["temp", { method: "linear", before: 5n, after: 4n }],
        ["n", previous],
      ]),
    ],
    [
      `SELECT temp, n FROM ${D1} WHERE time = 45 FILL(double[linear, 5ms, 5ms])`,
      row(45n, [
        ["temp", { method: "linear", before: 5n, after: 5n }],
        ["n", undefined],
      ]),
    ],
    [
      `SELECT temp, n FROM ${D1} WHERE time = -100 FILL(ALL[previous])`,
      row(-100n, [
        ["temp", previous],
        ["n", previous],
      ]),
    ],
    [
      `SELECT temp, n FROM ${D1} WHERE time = 100 FILL(ALL[linear])`,
      row(100n, [
        ["temp", linear],
        ["n", linear],
      ]),
    ],
    gapped(
      `SELECT last_value(temp), count(n) FROM ${D1} GROUP BY ([-30, 70), 10ms) FILL(ALL[previous])`,
      [
        ["last_value", [`${D1}.temp`]],
        ["count", [`${D1}.n`]],
      ],
      [previous, previous],
      ["DOUBLE", "INT64"],
    ),
    gapped(
      `SELECT avg(temp), last_value(n), last_value(state) FROM ${D1} GROUP BY ([-30, 70), 10ms) FILL(double[linear], int32[linear], text[previous, 10ms])`,
      [
        ["avg", [`${D1}.temp`]],
        ["last_value", [`${D1}.n`]],
        ["last_value", [`${D1}.state`]],
      ],
      [linear, linear, { method: "previous", before: 10n }],
      ["DOUBLE", "INT32", "TEXT"],
    ),
  ];
}

export function aligned(model: Model): Pairs {
  const both = [D1, D2];
  const temp = (device: string, time: bigint) => model.number(`${device}.temp`, time) > 10;
  const over = windows(0n, 60n, 25n);
  return [
    ["SELECT temp, on FROM root.sg.* ALIGN BY DEVICE", byDevice(model, both, ["temp", "on"], { kind: "raw" })],
    [`SELECT temp, on FROM ${D2}, ${D1} GROUP BY DEVICE`, byDevice(model, both, ["temp", "on"], { kind: "raw" })],
    [
      "SELECT on, f FROM root.sg.* WHERE time >= 20 ORDER BY TIME DESC LIMIT 4 OFFSET 1 ALIGN BY DEVICE",
      byDevice(model, both, ["on", "f"], { kind: "raw" }, (_, time) => time >= 20n, {
        descending: true,
        limit: 4,
        offset: 1,
      }),
    ],
    [
      "SELECT temp FROM root.sg.* WHERE temp > 10 ALIGN BY DEVICE",
      byDevice(model, both, ["temp"], { kind: "raw" }, temp),
    ],
    ["SELECT * FROM root.hall ALIGN BY DEVICE", byDevice(model, [X, "root.hall.y"], ["temp"], { kind: "raw" })],
    [
      `SELECT temp FROM ${X}, root.auto.d1, ${D1} ALIGN BY DEVICE`,
      byDevice(model, [X, "root.auto.d1", D1], ["temp"], { kind: "raw" }),
    ],
    [
      "SELECT count(temp), sum(temp), last_value(on) FROM root.sg.* ALIGN BY DEVICE",
      byDevice(model, both, ["temp", "temp", "on"], { kind: "aggregate", functions: ["count", "sum", "last_value"] }),
    ],
    [
      "SELECT avg(temp) FROM root.sg.* WHERE temp > 10 ALIGN BY DEVICE",
      byDevice(model, both, ["temp"], { kind: "aggregate", functions: ["avg"] }, temp),
    ],
    [
      "SELECT count(temp), max_value(temp) FROM root.sg.* GROUP BY ([0, 60), 25ms) ALIGN BY DEVICE",
      byDevice(model, both, ["temp", "temp"], { kind: "grouped", functions: ["count", "max_value"], windows: over }),
    ],
    [
      "SELECT count(temp) FROM root.sg.* WHERE temp > 10 GROUP BY ([0, 60), 25ms) ORDER BY TIME DESC LIMIT 4 ALIGN BY DEVICE",
      byDevice(model, both, ["temp"], { kind: "grouped", functions: ["count"], windows: over }, temp, {
        descending: true,
        limit: 4,
      }),
    ],
  ];
}
