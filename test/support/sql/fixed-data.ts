import { type Session, tabletFromArrays } from "@ringtide/client";
import { type Cell, insertRows, type Model, type TypeName } from "./model.ts";

export const MIN_TIME = -(2n ** 63n);
export const MAX_TIME = 2n ** 63n - 1n;
/** Times in three eras and at both ends of 64 bits. */
export const EDGES = [
  MIN_TIME,
  MIN_TIME + 1n,
  -(2n ** 52n) - 1n,
  -1n,
  0n,
  2n ** 52n - 1n,
  2n ** 52n,
  MAX_TIME - 1n,
  MAX_TIME,
];
export const MONTHS =
  "2024-01-31T22:30:00Z 2024-02-01T00:00:00Z 2024-02-29T23:30:00Z 2024-03-31T01:30:00Z 2024-04-30T22:00:00Z"
    .split(" ")
    .map((text) => BigInt(Date.parse(text)));

type Sessions = readonly [Session, Session, Session];

/** Every statement that writes, through all three nodes, one after the other; `model` remembers what has to be there. */
export async function writeFixed(sessions: Sessions, model: Model): Promise<void> {
  await writeRoom(sessions, model);
  await writeOverwrites(sessions, model);
  await writeDeletes(sessions, model);
  await writeEdges(sessions, model);
  await writeNames(sessions, model);
}

async function create(session: Session, model: Model, path: string, type: TypeName, how = `WITH DATATYPE=${type}`) {
  await session.execute(`CREATE TIMESERIES ${path} ${how}`);
  model.create(path, type);
}

/** Two devices of one storage group and one of another, all six types, created in all forms and by inserts. */
async function writeRoom([one, two, three]: Sessions, model: Model): Promise<void> {
  await one.execute("CREATE STORAGE GROUP root.sg");
  await two.execute("SET STORAGE GROUP TO root.hall");
  await create(one, model, "root.sg.d1.temp", "DOUBLE");
  await create(two, model, "root.sg.d1.n", "INT32", "WITH DATATYPE=INT32, ENCODING=RLE, COMPRESSOR=SNAPPY");
  await create(three, model, "root.sg.d1.state", "TEXT", "TEXT");
  await create(one, model, "root.sg.d1.big", "INT64", "WITH DATATYPE=INT64, COMPRESSION=GZIP");
  await create(two, model, "root.sg.d1.on", "BOOLEAN");
  await create(three, model, "root.sg.d1.f", "FLOAT");
  const columns = ["temp", "n", "state", "big", "on", "f"];
  await insertRows(one, model, "root.sg.d1", columns, [
    [10n, 20.5, 1, "on", 9007199254740993n, true, 1.5],
    [20n, 21, null, "off", -5n, false, null],
    [30n, null, 3, null, 7n, null, 0.25],
    [50n, 19.25, 5, "on", null, true, -2.5],
    [-20n, -3.5, -2, "it's", 0n, false, 0],
    [40n, 22.75, 4, "äöü 日本 🙂", 2n ** 53n, true, 3],
  ]);
  // Series that the insert creates: numbers become DOUBLE.
  model.create("root.sg.d2.temp", "DOUBLE");
  model.create("root.sg.d2.n", "DOUBLE");
  model.create("root.sg.d2.state", "TEXT");
  model.create("root.sg.d2.on", "BOOLEAN");
  await insertRows(
    two,
    model,
    "root.sg.d2",
    ["temp", "n", "state", "on"],
    [
      [20n, 10, 7, "off", true],
      [40n, 11.5, null, "on", false],
      [60n, 12, 9, null, null],
    ],
  );
  // A storage group that the insert creates, and a deeper device.
  model.create("root.auto.d1.temp", "DOUBLE");
  await insertRows(
    three,
    model,
    "root.auto.d1",
    ["temp"],
    [
      [20n, 1],
      [45n, 2],
    ],
  );
  model.create("root.hall.deep.x.temp", "DOUBLE");
  await insertRows(
    one,
    model,
    "root.hall.deep.x",
    ["temp"],
    [
      [30n, 100],
      [60n, 50.5],
    ],
  );
  // The time column may stand anywhere, rows may carry dates, and NULL alone makes no series.
  await two.execute(
    "INSERT INTO root.hall.y(temp, timestamp, none) VALUES (5, 2020-01-31T10:00:00Z, NULL), (6, '2020-01-31 10:00:01+00:00', NULL)",
  );
  model.create("root.hall.y.temp", "DOUBLE");
  model.put("root.hall.y.temp", BigInt(Date.parse("2020-01-31T10:00:00Z")), 5);
  model.put("root.hall.y.temp", BigInt(Date.parse("2020-01-31T10:00:01Z")), 6);
  await create(one, model, "root.month.d.s", "INT32");
  await insertRows(
    one,
    model,
    "root.month.d",
    ["s"],
    MONTHS.map((time, i): [bigint, Cell] => [time, i + 1]),
  );
}

/** The later write of a time wins, in memory, over a file, and over files; null overwrites nothing. */
async function writeOverwrites([one, two, three]: Sessions, model: Model): Promise<void> {
  const device = "root.over.d";
  model.create(`${device}.a`, "DOUBLE");
  model.create(`${device}.b`, "DOUBLE");
  const write = (session: Session, rows: [bigint, Cell, Cell][]) =>
    insertRows(session, model, device, ["a", "b"], rows);
  await write(one, [
    [5n, 1, 1],
    [3n, 1, 1],
    [4n, 1, null],
    [5n, 2, null],
  ]);
  await write(two, [
    [4n, null, 3],
    [3n, 4, 4],
  ]);
  await one.execute("FLUSH");
  await write(three, [
    [3n, 5, null],
    [1n, 5, 5],
    [9n, 5, 5],
  ]);
  await two.execute("FLUSH root.over, root.sg");
  await write(one, [
    [9n, null, 6],
    [2n, 6, 6],
    [5n, 6, null],
  ]);
  await two.insert(
    tabletFromArrays({
      device,
      times: [9, 4, 9, -7],
      columns: [
        { name: "a", type: "DOUBLE", values: [7, null, 8, 7] },
        { name: "b", type: "DOUBLE", values: [null, 7, null, 7] },
      ],
    }),
  );
  model.put(`${device}.a`, 9n, 8);
  model.put(`${device}.a`, -7n, 7);
  model.put(`${device}.b`, 4n, 7);
  model.put(`${device}.b`, -7n, 7);
}

/** Ranges deleted in memory and in files and written again; a series dropped and created with another type. */
async function writeDeletes([one, two, three]: Sessions, model: Model): Promise<void> {
  const device = "root.del.d";
  for (const name of ["a", "b", "c"]) await create(one, model, `${device}.${name}`, "INT32");
  const rows = (from: number, to: number, add: number) =>
    Array.from({ length: to - from }, (_, i): [bigint, Cell, Cell, Cell] => [
      BigInt(from + i),
      from + i + add,
      i,
      1000 - i,
    ]);
  const write = (session: Session, from: number, to: number, add: number) =>
    insertRows(session, model, device, ["a", "b", "c"], rows(from, to, add));
  const erase = async (session: Session, names: string[], where: string, from: bigint, to: bigint) => {
    await session.execute(`DELETE FROM ${names.map((name) => `${device}.${name}`).join(", ")}${where}`);
    for (const name of names) model.erase(`${device}.${name}`, from, to);
  };
  await write(one, 0, 40, 0);
  await erase(two, ["a"], " WHERE time >= 5 AND time < 10", 5n, 9n);
  await write(two, 7, 9, 100);
  await three.execute("FLUSH");
  await erase(three, ["a", "b"], " WHERE time BETWEEN 20 AND 24", 20n, 24n);
  await write(one, 22, 24, 200);
  await erase(one, ["b"], " WHERE time = 30", 30n, 30n);
  await erase(one, ["c"], " WHERE time <= 3", MIN_TIME, 3n);
  await two.execute("FLUSH");
  await erase(one, ["a"], " WHERE time > 37", 38n, MAX_TIME);
  await erase(two, ["c"], "", MIN_TIME, MAX_TIME);
  await insertRows(two, model, device, ["c"], [[15n, 15]]);
  await one.execute("DELETE FROM root.del.*.b WHERE time >= 11 AND time <= 12");
  model.erase(`${device}.b`, 11n, 12n);

  for (const name of ["x", "y", "z"]) await create(two, model, `root.del.again.${name}`, "INT32");
  await insertRows(
    three,
    model,
    "root.del.again",
    ["x", "y", "z"],
    [
      [1n, 1, 1, 1],
      [2n, 2, 2, 2],
    ],
  );
  await one.execute("FLUSH");
  await insertRows(one, model, "root.del.again", ["x"], [[3n, 3]]);
  await one.execute("DELETE TIMESERIES root.del.again.x");
  await two.execute("DROP TIMESERIES root.del.again.y, root.del.none.*");
  for (const name of ["x", "y"]) model.series.delete(`root.del.again.${name}`);
  await create(three, model, "root.del.again.x", "TEXT");
  await insertRows(one, model, "root.del.again", ["x"], [[2n, "two"]]);

  // A storage group dropped with its series, and made again.
  await insertRowsOnly(one, "root.gone.d(time, s, t)", "(1, 1, 'a'), (2, 2, 'b')");
  await two.execute("FLUSH");
  await insertRowsOnly(one, "root.gone2.d(time, s)", "(1, 1)");
  await three.execute("DELETE STORAGE GROUP root.gone, root.gone2");
  model.create("root.gone.d.s", "TEXT");
  await insertRows(one, model, "root.gone.d", ["s"], [[2n, "new"]]);
}

async function insertRowsOnly(session: Session, target: string, values: string): Promise<void> {
  await session.execute(`INSERT INTO ${target} VALUES ${values}`);
}

/** The ends of every range: times, INT64, INT32, FLOAT and DOUBLE, NaN, infinities and −0. */
async function writeEdges([one, two, three]: Sessions, model: Model): Promise<void> {
  const device = "root.edge.d";
  const types = { l: "INT64", i: "INT32", d: "DOUBLE", f: "FLOAT", t: "TEXT" } as const;
  const values = {
    l: [MIN_TIME, MAX_TIME, -1n, 0n, 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, null, 5n],
    i: [-2147483648, 2147483647, null, 0, -1, 1, 65536, -65537, 3],
    d: [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 5e-324, Number.MAX_VALUE, Number.NEGATIVE_INFINITY, -0, null],
    f: [
      Number.NaN,
      -0,
      Math.fround(0.1),
      Number.NEGATIVE_INFINITY,
      1.401298464324817e-45,
      3.4028234663852886e38,
      1,
      null,
      0,
    ],
    t: ["", "ü", "日本語", "🙂\u0301", "a\u0000b", "'\"\\", "\n\t", null, "x".repeat(3000)],
  };
  const names = ["l", "i", "d", "f", "t"] as const;
  const columns = names.map((name) => ({ name, type: types[name], values: values[name] }));
  for (const name of names) model.create(`${device}.${name}`, types[name]);
  const half = (keep: (row: number) => boolean) => {
    const times = EDGES.filter((_, row) => keep(row));
    return tabletFromArrays({
      device,
      times,
      columns: columns.map((column) => ({ ...column, values: column.values.filter((_, row) => keep(row)) })),
    });
  };
  await one.insert(half((row) => row % 2 === 0));
  await two.execute("FLUSH");
  await three.insert(half((row) => row % 2 === 1));
  for (const name of names) {
    EDGES.forEach((time, row) => {
      model.put(`${device}.${name}`, time, values[name][row] ?? null);
    });
  }
  // The same ends as SQL text.
  for (const name of ["l", "i"] as const) await create(one, model, `root.edge.sql.${name}`, types[name]);
  await create(two, model, "root.edge.sql.d", "DOUBLE");
  await insertRows(
    three,
    model,
    "root.edge.sql",
    ["l", "i", "d"],
    [
      [MIN_TIME, MIN_TIME, -2147483648, Number.NaN],
      [-1n, 0n, 0, -0],
      [MAX_TIME, MAX_TIME, 2147483647, Number.MAX_VALUE],
    ],
  );
}

/** Nodes that are keywords, numbers, quoted, or beyond ASCII. */
async function writeNames([one, two, three]: Sessions, model: Model): Promise<void> {
  for (const device of ["root.last.count", "root.last.1", 'root.last."a.b"', "root.last.größe_日本"]) {
    const names = ["select_1", "größe", '"c.d"', "a-b:c@#$%"];
    for (const name of names) model.create(`${device}.${name}`, "DOUBLE");
    await insertRows(one, model, device, names, [[1n, 1, 2, 3, 4]]);
    await insertRows(two, model, device, names, [[2n, 5, null, 7, null]]);
  }
  // Words of the language: in SELECT these need their device before them, or are keywords only where one can stand.
  for (const name of ["last", "from", "select", "count"]) model.create(`root.words.d.${name}`, "DOUBLE");
  await insertRows(two, model, "root.words.d", ["last", "from", "select", "count"], [[1n, 1, 2, 3, 4]]);
  // Each node knows at once of a storage group that another one has just made.
  await three.execute("FLUSH root.words");
}
