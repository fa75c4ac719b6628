import type { Answer, Model } from "../model.ts";
import { below, D1, D2, list, type Pairs, X } from "./common.ts";

export function browsing(model: Model): Pairs {
  const groups = ["auto", "del", "edge", "gone", "hall", "last", "month", "over", "sg", "words", "a", "b", "c"]
    .map((name) => `root.${name}`)
    .sort();
  const series = model.paths(/./);
  const devices = [...new Set(series.map((path) => path.replace(/\.(?:"[^"]*"|[^."]+)$/, "")))].sort();
  const inSg = below(model, "root.sg");
  const count = (paths: readonly string[]): Answer => ({ names: ["count"], rows: [[paths.length]] });
  const depth = (path: string, level: number) => (path.match(/"[^"]*"|[^."]+/g) ?? []).slice(0, level + 1).join(".");
  const byLevel = (paths: readonly string[], level: number): Answer => {
    const keys = [...new Set(paths.map((path) => depth(path, level)))].sort();
    return {
      names: ["column", "count"],
      rows: keys.map((key) => [key, String(paths.filter((path) => depth(path, level) === key).length)]),
    };
  };
  const shown = (found: readonly string[]): Answer => ({
    names: ["timeseries", "alias", "storage group", "dataType", "encoding", "compression", "tags", "attributes"],
    rows: found.map((path) => {
      const { type } = model.get(path);
      const named: Record<string, [string, string]> = {
        [`${D1}.n`]: ["RLE", "SNAPPY"],
        [`${D1}.big`]: ["RLE", "GZIP"],
      };
      const [encoding, compression] = named[path] ?? defaultsOf(type);
      return [path, null, depth(path, 1), type, encoding, compression, null, null];
    }),
  });
  return [
    ["SHOW STORAGE GROUP", list("storage group", groups)],
    ["SHOW STORAGE GROUP root.sg", list("storage group", ["root.sg"])],
    ["SHOW STORAGE GROUP root.*", list("storage group", groups)],
    ["SHOW STORAGE GROUP root.none", list("storage group", [])],
    ["SHOW TIMESERIES root.sg", shown(inSg)],
    ["SHOW TIMESERIES root.sg.*.temp", shown([`${D1}.temp`, `${D2}.temp`])],
    ["SHOW TIMESERIES root.sg LIMIT 3 OFFSET 4", shown(inSg.slice(4, 7))],
    ["SHOW TIMESERIES root.del.again", shown(below(model, "root.del.again"))],
    ["SHOW TIMESERIES root.none", shown([])],
    ["SHOW DEVICES", list("devices", devices)],
    ["SHOW DEVICES root.sg", list("devices", [D1, D2])],
    [
      "SHOW DEVICES root.*.d1",
      list(
        "devices",
        devices.filter((path) => /^root\.\w+\.d1$/.test(path)),
      ),
    ],
    ["SHOW DEVICES root.**.x", list("devices", ["root.a.x.d3", X])],
    ["SHOW DEVICES LIMIT 4 OFFSET 3", list("devices", devices.slice(3, 7))],
    ["SHOW CHILD PATHS", list("child paths", groups)],
    ["SHOW CHILD PATHS root.sg", list("child paths", [D1, D2])],
    [`SHOW CHILD PATHS ${D2}`, list("child paths", below(model, D2))],
    [
      "SHOW CHILD PATHS root.*.d2",
      list("child paths", [...below(model, "root.a.d2"), ...below(model, "root.b.d2"), ...below(model, D2)].sort()),
    ],
    [
      "SHOW CHILD PATHS root.last",
      list(
        "child paths",
        devices.filter((path) => path.startsWith("root.last.")),
      ),
    ],
    ["COUNT TIMESERIES", count(series)],
    ["COUNT TIMESERIES root.sg", count(inSg)],
    ["COUNT TIMESERIES root.*.d1.temp", count(["", ""])],
    ["COUNT TIMESERIES root.none", count([])],
    ["COUNT TIMESERIES GROUP BY LEVEL = 1", byLevel(series, 1)],
    ["COUNT TIMESERIES root.last GROUP BY LEVEL = 2", byLevel(below(model, "root.last"), 2)],
    ["COUNT TIMESERIES root GROUP BY LEVEL = 0", byLevel(series, 0)],
  ];
}

/** What a series has that was created without a wish. */
function defaultsOf(type: string): [string, string] {
  return [type === "DOUBLE" || type === "FLOAT" ? "GORILLA" : type === "TEXT" ? "PLAIN" : "RLE", "SNAPPY"];
}
