import { aggregate, type Keep, raw } from "../evaluate.ts";
import type { Model } from "../model.ts";
import { below, D1, D2, type Pairs, paths, X } from "./common.ts";

export function filters(model: Model): Pairs {
  const at = (device: string, name: string, time: bigint) => model.number(`${device}.${name}`, time);
  const temp = (time: bigint) => at(D1, "temp", time);
  const n = (time: bigint) => at(D1, "n", time);
  const state = (time: bigint) => model.at(`${D1}.state`, time);
  const one: [string, Keep][] = [
    ["time >= 20", (time) => time >= 20n],
    ["time > 1970-01-01T00:00:00.020Z", (time) => time > 20n],
    ["20 <= time and timestamp < 50", (time) => time >= 20n && time < 50n],
    [
      "time >= 20 AND (temp > 20 OR NOT state = 'on')",
      (time) => time >= 20n && (temp(time) > 20 || (state(time) ?? "on") !== "on"),
    ],
    ["time = 20 or time == 40", (time) => time === 20n || time === 40n],
    ["time in (10, 50, 51)", (time) => [10n, 50n].includes(time)],
    ["time NOT IN (10, 50)", (time) => ![10n, 50n].includes(time)],
    ["time BETWEEN 20 AND 40", (time) => time >= 20n && time <= 40n],
    ["time NOT BETWEEN 20 AND 40", (time) => time < 20n || time > 40n],
    ["time != 20", (time) => time !== 20n],
    ["time < -1", (time) => time < -1n],
    ["time > 1000", (time) => time > 1000n],
    ["time > 30 AND time < 20", () => false],
    ["time < now()", () => true],
    ["time > now() - 1d", () => false],
    ["temp > 20", (time) => temp(time) > 20],
    ["20 < temp", (time) => temp(time) > 20],
    ["temp >= 20.5 && temp < 22", (time) => temp(time) >= 20.5 && temp(time) < 22],
    ["temp <> 21 | n = 3", (time) => temp(time) < 21 || temp(time) > 21 || n(time) === 3],
    ["! (temp > 20)", (time) => temp(time) <= 20],
    ["not (temp > 20 and n > 1)", (time) => temp(time) <= 20 || n(time) <= 1],
    ["not (temp > 20 or n > 1)", (time) => temp(time) <= 20 && n(time) <= 1],
    ["n IN (1, 4, 99)", (time) => [1, 4].includes(n(time))],
    ["n NOT IN (1, 4, 99)", (time) => !Number.isNaN(n(time)) && ![1, 4].includes(n(time))],
    ["n BETWEEN 1 AND 3", (time) => n(time) >= 1 && n(time) <= 3],
    ["n NOT BETWEEN 1 AND 3", (time) => n(time) < 1 || n(time) > 3],
    ["state = 'it''s' or state = \"äöü 日本 🙂\"", (time) => state(time) === "it's" || state(time) === "äöü 日本 🙂"],
    [
      "state IN ('on', 'off') AND on = true",
      (time) => ["on", "off"].includes(String(state(time))) && model.at(`${D1}.on`, time) === true,
    ],
    ["on != true", (time) => model.at(`${D1}.on`, time) === false],
    ["big = 9007199254740993", (time) => model.at(`${D1}.big`, time) === 9007199254740993n],
    ["big > 9007199254740992", (time) => BigInt(model.at(`${D1}.big`, time) ?? 0n) > 9007199254740992n],
    ["f = 0.25", (time) => at(D1, "f", time) === 0.25],
    ["n > 1.5", (time) => n(time) > 1.5],
    [`${D2}.temp > 10`, (time) => at(D2, "temp", time) > 10],
    [
      `root.auto.d1.temp = 1 or ${X}.temp = 100`,
      (time) => at("root.auto.d1", "temp", time) === 1 || at(X, "temp", time) === 100,
    ],
  ];
  const wide = [...paths(D1, "temp"), ...paths(D2, "temp")];
  const both: Keep = (time) => temp(time) > 10 && at(D2, "temp", time) > 10;
  return [
    ...one.flatMap(
      ([where, keep]): Pairs => [
        [`SELECT * FROM ${D1} WHERE ${where}`, raw(model, below(model, D1), keep)],
        [
          `SELECT count(temp), avg(n), last_value(state) FROM ${D1} WHERE ${where}`,
          aggregate(
            model,
            [
              ["count", [`${D1}.temp`]],
              ["avg", [`${D1}.n`]],
              ["last_value", [`${D1}.state`]],
            ],
            keep,
          ),
        ],
      ],
    ),
    [`SELECT temp FROM ${D1}, ${D2} WHERE temp > 10`, raw(model, wide, both)],
    ["SELECT temp FROM root.sg.* WHERE temp > 10", raw(model, wide, both)],
    [
      "SELECT count(temp) FROM root.sg.* WHERE temp > 10",
      aggregate(
        model,
        wide.map((path) => ["count", [path]] as const),
        both,
      ),
    ],
    [
      "SELECT temp FROM root.sg.* WHERE root.sg.*.temp > 10 ORDER BY TIME DESC LIMIT 1",
      raw(model, wide, both, { descending: true, limit: 1 }),
    ],
  ];
}
