import { raw } from "../evaluate.ts";
import type { Model } from "../model.ts";
import { below, D1, D2, type Pairs, paths, X } from "./common.ts";

export function rawOnes(model: Model): Pairs {
  const all = (prefix: string) => raw(model, below(model, prefix));
  const temps = ["root.auto.d1.temp", `${X}.temp`, "root.hall.y.temp", `${D1}.temp`, `${D2}.temp`];
  const in1 = paths(D1, "temp", "n");
  return [
    [`SELECT temp, n FROM ${D1}`, raw(model, in1)],
    [`select TEMP from ${D1}`.replace("TEMP", "temp"), raw(model, paths(D1, "temp"))],
    [`SELECT temp, n FROM ${D1}, ${D2}`, raw(model, [`${D1}.temp`, `${D2}.temp`, `${D1}.n`, `${D2}.n`])],
    [`SELECT temp FROM ${D2}, ${X}, root.auto.d1`, raw(model, [`${D2}.temp`, `${X}.temp`, "root.auto.d1.temp"])],
    [`SELECT * FROM ${D1}`, all(D1)],
    ["SELECT * FROM root.sg", all("root.sg")],
    ["SELECT * FROM root.hall", all("root.hall")],
    ["SELECT ** FROM root.hall", all("root.hall")],
    ["SELECT * FROM root.sg.*", all("root.sg")],
    ["SELECT temp FROM root.sg.*", raw(model, [`${D1}.temp`, `${D2}.temp`])],
    ["SELECT temp FROM root.hall.**", raw(model, [`${X}.temp`, "root.hall.y.temp"])],
    ["SELECT temp FROM root.**.x", raw(model, [`${X}.temp`])],
    ["SELECT d1.temp FROM root.*", raw(model, ["root.auto.d1.temp", `${D1}.temp`])],
    ["SELECT *.temp FROM root.sg", raw(model, [`${D1}.temp`, `${D2}.temp`])],
    ["SELECT sg.d1.temp, sg.d2.n FROM root", raw(model, [`${D1}.temp`, `${D2}.n`])],
    ["SELECT temp FROM root.**", raw(model, temps)],
    [
      `SELECT n, n, temp AS t FROM ${D1}`,
      { ...raw(model, paths(D1, "n", "n", "temp")), names: [...paths(D1, "n", "n"), "t"] },
    ],
    [`SELECT temp FROM ${D1} ORDER BY TIME`, raw(model, paths(D1, "temp"))],
    [`SELECT temp, n FROM ${D1} ORDER BY TIME DESC`, raw(model, in1, undefined, { descending: true })],
    [
      `SELECT temp, n FROM ${D1} LIMIT 2 OFFSET 1 ORDER BY TIME DESC`,
      raw(model, in1, undefined, { descending: true, limit: 2, offset: 1 }),
    ],
    [
      `SELECT * FROM ${D1}, ${D2} ORDER BY TIME ASC LIMIT 3`,
      raw(model, [...below(model, D1), ...below(model, D2)], undefined, { limit: 3 }),
    ],
    [`SELECT temp FROM ${D1} OFFSET 3`, raw(model, paths(D1, "temp"), undefined, { offset: 3 })],
    [`SELECT temp FROM ${D1} LIMIT 5 OFFSET 100`, raw(model, paths(D1, "temp"), () => false)],
    ["SELECT * FROM root.none", { names: [], rows: [] }],
    ["SELECT a, b FROM root.over.d", raw(model, paths("root.over.d", "a", "b"))],
    ["SELECT * FROM root.del.d", all("root.del.d")],
    [
      "SELECT * FROM root.del.d ORDER BY TIME DESC",
      raw(model, below(model, "root.del.d"), undefined, { descending: true }),
    ],
    ["SELECT * FROM root.del.again", all("root.del.again")],
    ["SELECT * FROM root.gone", all("root.gone")],
    ["SELECT * FROM root.gone2", { names: [], rows: [] }],
    [`-- a comment\nSELECT /* between */ temp FROM ${D1};`, raw(model, paths(D1, "temp"))],
  ];
}
