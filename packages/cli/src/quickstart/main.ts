import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { asRingtideError } from "@ringtide/common";
import yargs from "yargs";
import { destroyCluster, killNode, restartNode, startCluster } from "../local-cluster/local-cluster.ts";
import { type LocalNode, nodeOf } from "../local-cluster/state.ts";
import { heading, out, PROJECT, quoted, runScript } from "./commands.ts";
import { readStations } from "./dataset.ts";
import { loadStations } from "./load.ts";
import { refuseForeign } from "./ownership.ts";

/** The five queries: raw, filter, aggregate, downsample, last. Each answer fits in 120 columns. */
const QUERIES: readonly (readonly [string, string])[] = [
  ["raw rows", "SELECT temp_max, weather FROM root.weather.seattle WHERE time >= 2012-07-01 AND time < 2012-07-06"],
  ["filter by value", "SELECT temp_max, wind FROM root.weather.seattle WHERE temp_max > 34"],
  ["aggregate", "SELECT count(temp_max), avg(temp_max), max_value(wind) FROM root.weather.seattle"],
  [
    "downsample to months",
    "SELECT avg(temperature), max_value(wind) FROM root.normals.seattle GROUP BY ([2010-01-01, 2011-01-01), 1mo)",
  ],
  ["last values", "SELECT LAST * FROM root.weather"],
];

const NODES = 3;
const DEFAULT_DIRECTORY = `${PROJECT}/.quickstart`;
const VICTIM = 2;
const EXIT_INTERRUPTED = 130;

function portOf(node: LocalNode): string {
  return node.rpc.slice(node.rpc.lastIndexOf(":") + 1);
}

function sql(node: LocalNode, statement: string, ...flags: readonly string[]): void {
  runScript("start-cli.sh", ["-p", portOf(node), ...flags, "-e", statement]);
}

async function quickstart(directory: string): Promise<void> {
  if (existsSync(`${directory}/cluster.json`)) {
    out(`a cluster of an earlier run is in ${directory}: it is stopped and removed first`);
    await destroyCluster(directory);
  }
  heading(`Starting ${NODES} nodes in ${directory}`);
  const state = await startCluster({
    directory,
    nodes: NODES,
    replicas: NODES,
    basePort: undefined,
    flags: {},
    madeBy: "quickstart",
  });
  for (const node of state.nodes)
    out(`node ${node.number}: pid ${node.pid}, clients on ${node.rpc}, log in ${node.logFile}`);
  const first = nodeOf(state, 1);

  heading("Loading weather measurements (npm package vega-datasets)");
  const { rows, points } = await loadStations(
    state.nodes.map((node) => node.rpc),
    readStations(),
  );
  out(`${rows} rows, ${points} points, each on the disks of at least two nodes before it was acknowledged`);

  heading("The cluster");
  runScript("nodetool.sh", ["-p", portOf(first), "status"]);
  runScript("nodetool.sh", ["-p", portOf(first), "ring"]);

  for (const [title, statement] of QUERIES) {
    heading(`Query: ${title}`);
    sql(first, statement);
  }

  heading(`Killing node ${VICTIM} with SIGKILL: queries and inserts go on`);
  await killNode(directory, VICTIM);
  sql(first, "INSERT INTO root.weather.seattle(time, temp_max, temp_min) VALUES (2016-01-01, 7.2, 1.1)");
  sql(first, "SELECT temp_max, temp_min FROM root.weather.seattle WHERE time >= 2015-12-30");

  heading(`Starting node ${VICTIM} again: it catches up by itself`);
  const restarted = nodeOf(await restartNode(directory, VICTIM), VICTIM);
  sql(restarted, "SELECT count(wind) FROM root.weather.*, root.normals.*", "--consistency", "weak");

  heading("The cluster runs. Go on with");
  const commands = [
    [`sbin/start-cli.sh -p ${portOf(first)}`, "the SQL shell"],
    [`sbin/nodetool.sh -p ${portOf(first)} status`, "the state of the cluster"],
    [command(directory, "--stop"), "stop it and remove its data"],
  ] as const;
  const longest = Math.max(...commands.map(([typed]) => typed.length));
  for (const [typed, what] of commands) out(`  ${typed.padEnd(longest)}  ${what}`);
}

/** This script as it has to be typed for that directory. */
function command(directory: string, ...flags: readonly string[]): string {
  const dir = directory === DEFAULT_DIRECTORY ? [] : ["--dir", quoted(directory)];
  return ["sbin/quickstart.sh", ...dir, ...flags].join(" ");
}

async function stop(directory: string): Promise<void> {
  if (!existsSync(`${directory}/cluster.json`)) {
    out(`nothing to stop: there is no cluster in ${directory}`);
    return;
  }
  await destroyCluster(directory);
  out(`stopped; its data in ${directory} is removed`);
}

/** sbin/quickstart.sh answers --help itself: before anything is installed there is no yargs. */
async function run(argv: readonly string[]): Promise<void> {
  const args = await yargs([...argv])
    .scriptName("quickstart.sh")
    .usage("$0 [--dir DIR] [--stop]")
    .option("dir", { type: "string", default: DEFAULT_DIRECTORY })
    .option("stop", { type: "boolean", default: false })
    .parserConfiguration({ "duplicate-arguments-array": false })
    .strict()
    .demandCommand(0, 0)
    .help(false)
    .showHelpOnFail(false, "sbin/quickstart.sh --help explains all")
    .version(false)
    .parseAsync();
  const directory = resolve(args.dir);
  refuseForeign(directory);
  process.once("SIGINT", () => {
    whatNow(directory);
    process.exit(EXIT_INTERRUPTED);
  });
  try {
    await (args.stop ? stop(directory) : quickstart(directory));
  } catch (error) {
    fail(error);
    whatNow(directory);
  }
}

function whatNow(directory: string): void {
  if (!existsSync(`${directory}/cluster.json`)) return; // nothing was started
  const lines = [
    "What now:",
    `  the nodes' logs are ${directory}/node-*/node.log`,
    `  ${command(directory, "--stop")} ends what runs and removes it`,
    `  ${command(directory)} does that too, and begins again`,
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
}

function fail(error: unknown): void {
  const { code, message } = asRingtideError(error);
  process.stderr.write(`${code}: ${message}\n`);
  process.exitCode = 1;
}

run(process.argv.slice(2)).catch(fail);
