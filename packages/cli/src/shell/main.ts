import { connect, type Session } from "@ringtide/client";
import { asRingtideError, hasCode, RingtideError } from "@ringtide/common";
import yargs from "yargs";
import { runBatch } from "./batch.ts";
import { runInteractive } from "./interactive.ts";
import { leaveWithReader, out, say } from "./output.ts";
import { interruption, type ShellOptions } from "./statement.ts";

const DEFAULT_PORT = 55560;
const HELP_COLUMNS = 110;
const EPILOGUE = `Formats
  table  At a terminal, rows that are wider than it are printed one below the other.
  csv    RFC 4180 with a line of names: null is an empty field, an empty text is "".
  json   One object a line: times as ticks; integers beyond 2^53, NaN and infinities as strings.
Row counts, times, errors and notes go to standard error. A read that the leader did not serve says so.
Exit code: 0; 1 after an error; 130 after Ctrl-C, which cancels the statement.
History: ~/.ringtide_history`;

const EXIT_INTERRUPTED = 130;

/** The word after -e is SQL whatever it begins with (a comment begins with --), and -e may be given several times. */
function gatherStatements(argv: readonly string[]): string[] {
  const others: string[] = [];
  const statements: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string;
    const next = argv[i + 1];
    if ((argument === "-e" || argument === "--execute") && next !== undefined) {
      statements.push(next);
      i++;
    } else {
      others.push(argument);
    }
  }
  return statements.length === 0 ? others : [...others, `--execute=${statements.join("\n;\n")}`];
}

function parse(argv: readonly string[]) {
  return yargs(gatherStatements(argv))
    .scriptName("start-cli.sh")
    .usage(
      "$0 [-h HOST] [-p PORT] [-e SQL] [--format table|csv|json]\n\nThe SQL shell. Without -e it reads statements from the terminal, or from standard input, and stops at the first that fails.",
    )
    .option("host", { alias: "h", type: "string", default: "127.0.0.1", describe: "host of a node" })
    .option("port", { alias: "p", type: "number", default: DEFAULT_PORT, describe: "its client port" })
    .option("execute", { alias: "e", type: "string", describe: "run these statements and leave; may be repeated" })
    .option("format", {
      choices: ["table", "csv", "json"] as const,
      default: "table" as const,
      describe: "how rows are printed",
    })
    .option("continue", { type: "boolean", default: false, describe: "go on after a statement that failed" })
    .option("consistency", {
      choices: ["strong", "mid", "weak"] as const,
      describe: "where reads are served; the node's default when left out",
    })
    .option("timeout", { type: "number", default: 0, describe: "ms a query may take; 0: the node's default" })
    .option("zone", {
      type: "string",
      describe: "time zone, IANA name or offset: of times shown (default UTC) and of dates in SQL (the node's)",
    })
    .help("help")
    .example("$0", "a shell at the node on this machine")
    .example('$0 -e "SHOW STORAGE GROUP"', "one statement")
    .example("$0 --format csv < queries.sql > answers.csv", "a file of statements")
    .example("$0 -p 55561 --consistency weak", "what the node on that port has itself")
    .epilogue(EPILOGUE)
    .parserConfiguration({ "duplicate-arguments-array": false })
    .check(({ port, timeout }) => {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error("--port must be 1 to 65535");
      if (!Number.isInteger(timeout) || timeout < 0) throw new Error("--timeout must be a whole number of ms");
      return true;
    })
    .strict()
    .showHelpOnFail(false, "start-cli.sh --help explains all")
    .version(false)
    .wrap(HELP_COLUMNS);
}

/** Ends when the signal aborts, even if it waits for the next line. */
async function* standardInput(signal: AbortSignal): AsyncGenerator<string> {
  process.stdin.setEncoding("utf8");
  signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  try {
    for await (const piece of process.stdin) yield String(piece);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

function precisionOf(text: string): "ms" | "us" | "ns" {
  if (text === "ms" || text === "us" || text === "ns") return text;
  throw new RingtideError("UNSUPPORTED", `the cluster has timestamps in '${text}', which this shell does not know`);
}

/** Runs the statements and sets the exit code: 1 when one failed, 130 after Ctrl-C. */
async function batch(session: Session, sql: string | undefined, options: ShellOptions, goOn: boolean): Promise<void> {
  const abort = new AbortController();
  const onInterrupt = () => {
    process.exitCode = EXIT_INTERRUPTED;
    abort.abort(interruption());
  };
  process.once("SIGINT", onInterrupt);
  const { run, failed } = await runBatch(
    session,
    sql === undefined ? standardInput(abort.signal) : one(sql),
    options,
    goOn,
    abort.signal,
  );
  if (abort.signal.aborted || failed === 0) return;
  process.exitCode = 1;
  if (goOn) say(`${failed} of ${run} statements failed\n`);
  else if (run > 1 || sql === undefined) say(`stopped at statement ${run}; --continue goes on after an error\n`);
}

async function open(host: string, port: number, zone: string | undefined): Promise<Session> {
  try {
    return await connect({ addresses: [{ host, port }], ...(zone === undefined ? {} : { zone }) });
  } catch (error) {
    if (!hasCode(error, "NET_UNREACHABLE")) throw error;
    throw new RingtideError(
      "NET_UNREACHABLE",
      `no node answers at ${host}:${port}: does it run? -h and -p name another (${asRingtideError(error).message.trim()})`,
    );
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const args = await parse(argv).parseAsync();
  leaveWithReader();
  const session = await open(args.host, args.port, args.zone);
  const options: ShellOptions = {
    style: {
      format: args.format,
      precision: precisionOf(session.cluster.precision),
      zone: args.zone ?? "UTC",
      get width() {
        return process.stdout.columns ?? 0; // the terminal may change its size
      },
    },
    consistency: args.consistency,
    timeoutMs: args.timeout,
    chatty: args.format === "table",
    out,
    say,
  };
  try {
    if (args.execute === undefined && process.stdin.isTTY === true && process.stdout.isTTY === true) {
      const { clusterName } = session.cluster;
      out(`Ringtide at ${args.host}:${args.port}, cluster ${clusterName}. Type help; to leave, exit;\n`);
      await runInteractive(session, options);
    } else {
      await batch(session, args.execute, options, args.continue);
    }
  } finally {
    await session.close();
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const { code, message } = asRingtideError(error);
  say(`${code}: ${message}\n`);
  process.exitCode = 1;
});
