import { connect } from "@ringtide/client";
import { asRingtideError, RingtideError } from "@ringtide/common";
import yargs from "yargs";
import { runBatch } from "./batch.ts";
import { runInteractive } from "./interactive.ts";
import type { ShellOptions } from "./statement.ts";

const DEFAULT_PORT = 55560;

function parse(argv: readonly string[]) {
  return yargs([...argv])
    .scriptName("start-cli.sh")
    .usage(
      "$0 [-h HOST] [-p PORT] [-e SQL] [--format table|csv|json]\n\nThe SQL shell. Without -e it reads statements from the terminal, or from standard input.",
    )
    .option("host", { alias: "h", type: "string", default: "127.0.0.1", describe: "host of a node" })
    .option("port", { alias: "p", type: "number", default: DEFAULT_PORT, describe: "its client port" })
    .option("execute", { alias: "e", type: "string", describe: "run these statements and leave" })
    .option("format", {
      choices: ["table", "csv", "json"] as const,
      default: "table" as const,
      describe: "how rows are printed; json: an object a line",
    })
    .option("continue", { type: "boolean", default: false, describe: "go on after a statement that failed" })
    .option("consistency", {
      choices: ["", "strong", "mid", "weak"] as const,
      default: "" as const,
      describe: "where reads are served; the node's default when left out",
    })
    .option("timeout", { type: "number", default: 0, describe: "ms a query may take; 0: the node's default" })
    .option("zone", {
      type: "string",
      default: "",
      describe: "time zone of dates, IANA name or offset; the node's when left out",
    })
    .help("help")
    .example("$0", "a shell at the node on this machine")
    .example('$0 -e "SHOW STORAGE GROUP"', "one statement")
    .example(
      "$0 --format csv < queries.sql > answers.csv",
      "a file of statements; stops at the first error with exit code 1",
    )
    .strict()
    .version(false)
    .wrap(110);
}

async function* standardInput(): AsyncGenerator<string> {
  process.stdin.setEncoding("utf8");
  for await (const piece of process.stdin) yield String(piece);
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

function precisionOf(text: string): "ms" | "us" | "ns" {
  if (text === "ms" || text === "us" || text === "ns") return text;
  throw new RingtideError("UNSUPPORTED", `the cluster has timestamps in '${text}', which this shell does not know`);
}

async function run(argv: readonly string[]): Promise<void> {
  const args = await parse(argv).parseAsync();
  const session = await connect({
    addresses: [{ host: args.host, port: args.port }],
    ...(args.zone === "" ? {} : { zone: args.zone }),
  });
  const interactive = args.execute === undefined && process.stdin.isTTY === true;
  const options: ShellOptions = {
    format: args.format,
    style: { precision: precisionOf(session.cluster.precision), zone: args.zone === "" ? "UTC" : args.zone },
    consistency: args.consistency,
    timeoutMs: args.timeout,
    chatty: args.format === "table",
  };
  try {
    if (interactive) {
      process.stdout.write(
        `Ringtide at ${args.host}:${args.port}, cluster ${session.cluster.clusterName}. Type help; to leave, exit;\n`,
      );
      await runInteractive(session, options);
    } else {
      const abort = new AbortController();
      process.once("SIGINT", () => abort.abort());
      const pieces = args.execute === undefined ? standardInput() : one(args.execute);
      if ((await runBatch(session, pieces, options, args.continue, abort.signal)) > 0) process.exitCode = 1;
    }
  } finally {
    await session.close();
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const { code, message } = asRingtideError(error);
  process.stderr.write(`${code}: ${message}\n`);
  process.exitCode = 1;
});
