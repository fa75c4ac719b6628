import { fetchRing, fetchStatus } from "@ringtide/client";
import { asRingtideError } from "@ringtide/common";
import yargs from "yargs";
import { ringTables, statusTables } from "./tables.ts";

const DEFAULT_PORT = 55560;

function parse(argv: readonly string[]) {
  return yargs([...argv])
    .scriptName("nodetool.sh")
    .usage("$0 [-h HOST] [-p PORT] [--format table|json] COMMAND\n\nLooks into a cluster through one of its nodes.")
    .command(
      "status",
      "every node; leader, term, commit and applied index of each replica of each group; does it serve reads",
    )
    .command("ring", "the nodes in ring order, and how the slots are spread over the data groups")
    .option("host", { alias: "h", type: "string", default: "127.0.0.1", describe: "host of the node to ask" })
    .option("port", { alias: "p", type: "number", default: DEFAULT_PORT, describe: "its client port" })
    .option("format", { choices: ["table", "json"] as const, default: "table", describe: "how to print" })
    .help("help")
    .example("$0 status", "the cluster as the node on 127.0.0.1:55560 sees it")
    .example("$0 -h 10.0.0.7 -p 55560 --format json ring", "the ring as JSON")
    .demandCommand(1, 1, "name a command: status or ring")
    .parserConfiguration({ "duplicate-arguments-array": false })
    .check((args) => {
      if (!Number.isInteger(args.port) || args.port < 1 || args.port > 65_535)
        throw new Error("--port must be 1 to 65535");
      if (args._[0] !== "status" && args._[0] !== "ring")
        throw new Error(`unknown command '${args._[0]}': status or ring`);
      return true;
    })
    .strictOptions()
    .showHelpOnFail(false, "nodetool.sh --help explains all")
    .version(false)
    .wrap(110);
}

async function run(argv: readonly string[]): Promise<void> {
  const args = await parse(argv).parseAsync();
  const address = { host: args.host, port: args.port };
  const json = args.format === "json";
  if (args._[0] === "status") {
    const report = await fetchStatus(address);
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : statusTables(report)}\n`);
  } else {
    const report = await fetchRing(address);
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : ringTables(report)}\n`);
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const { code, message } = asRingtideError(error);
  process.stderr.write(`${code}: ${message}\n`);
  process.exitCode = 1;
});
