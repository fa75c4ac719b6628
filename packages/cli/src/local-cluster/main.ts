import { asRingtideError, RingtideError } from "@ringtide/common";
import yargs from "yargs";
import { killNode, restartNode, startCluster, stopCluster } from "./local-cluster.ts";
import { isNodeRunning } from "./processes.ts";
import type { LocalClusterState } from "./state.ts";

const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function show(state: LocalClusterState, json: boolean): void {
  for (const node of state.nodes) {
    const running = isNodeRunning(node) ? `pid ${node.pid}` : "not running";
    out(
      `node ${node.number}  ${running}  clients ${node.rpc}  meta ${node.meta}  data ${node.data}  ${node.dataDirectory}`,
    );
  }
  if (json) {
    const nodes = state.nodes.map(({ number, pid, dataDirectory, rpc, meta, data }) => ({
      node: number,
      pid,
      dataDirectory,
      rpc,
      meta,
      data,
    }));
    out(JSON.stringify({ directory: state.directory, replicas: state.replicas, nodes }));
  }
}

function parse(argv: readonly string[]) {
  return yargs([...argv])
    .scriptName("local-cluster.sh")
    .usage(
      "$0 COMMAND --dir DIR\n\nA cluster on this machine, each node a process of its own: for trying things, tests and scripts.",
    )
    .command("start", "start an empty cluster, or the one that DIR holds", (y) =>
      y
        .option("nodes", { type: "number", describe: "how many nodes; 3 when left out" })
        .option("replicas", { type: "number", describe: "replicas of each slot; 3, or as many as nodes" })
        .option("base-port", { type: "number", describe: "first of the ports (six a node); free ones by default" })
        .option("set", {
          type: "string",
          array: true,
          default: [],
          describe: "a configuration key for every node, KEY=VALUE",
        }),
    )
    .command("stop", "stop all nodes cleanly; the data stays: start goes on with it, rm -r DIR removes it")
    .command("kill <node>", "end one node with SIGKILL", (y) =>
      y.positional("node", { type: "number", demandOption: true }),
    )
    .command("restart <node>", "start one node again", (y) =>
      y.positional("node", { type: "number", demandOption: true }),
    )
    .option("dir", { type: "string", demandOption: true, describe: "directory of the cluster" })
    .option("json", { type: "boolean", default: false, describe: "print one JSON object as the last line" })
    .example("$0 start --dir /tmp/ringtide", "three nodes on free ports")
    .example("$0 start --dir /tmp/ringtide --json | tail -n 1", "pids, data directories and addresses for a script")
    .example("$0 kill 2 --dir /tmp/ringtide", "what a crash of node 2 does")
    .example("$0 restart 2 --dir /tmp/ringtide", "what comes after it")
    .example("$0 start --dir d --nodes 1 --set log_level=debug", "a single node that says more")
    .demandCommand(1, 1, "name a command: start, stop, kill or restart")
    .parserConfiguration({ "greedy-arrays": false })
    .check(({ dir }) => {
      if (typeof dir !== "string" || dir === "") throw new Error("--dir must be one directory");
      return true;
    })
    .strict()
    .showHelpOnFail(false, "local-cluster.sh --help explains all")
    .version(false)
    .wrap(110);
}

function keyValues(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new RingtideError("CONFIG_INVALID_VALUE", `--set takes KEY=VALUE, not '${pair}'`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

async function run(argv: readonly string[]): Promise<void> {
  const args = await parse(argv).parseAsync();
  const given = args as unknown as {
    nodes: number | undefined;
    replicas: number | undefined;
    basePort: number | undefined;
    set: string[];
    node: number;
  };
  switch (String(args._[0])) {
    case "start":
      show(
        await startCluster({
          directory: args.dir,
          nodes: given.nodes,
          replicas: given.replicas,
          basePort: given.basePort,
          flags: keyValues(given.set),
        }),
        args.json,
      );
      return;
    case "stop":
      show(await stopCluster(args.dir), args.json);
      return;
    case "kill":
      show(await killNode(args.dir, given.node), args.json);
      return;
    case "restart":
      show(await restartNode(args.dir, given.node), args.json);
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const { code, message } = asRingtideError(error);
  process.stderr.write(`${code}: ${message}\n`);
  process.exitCode = 1;
});
