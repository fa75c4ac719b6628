import { readFile } from "node:fs/promises";
import { runMain } from "../run-main.ts";
import { checkLinearizable } from "./checker/check.ts";
import { fromJsonLines } from "./json-lines.ts";

const USAGE = `usage: node packages/testkit/src/history/main.ts FILE

Checks a history of client operations, one JSON object a line, for linearizability.
Exit code: 0 linearizable, 1 not linearizable or undecided, 2 the file cannot be read.
`;

async function run(argv: readonly string[]): Promise<number> {
  const [path, ...rest] = argv;
  if (path === undefined || rest.length > 0 || path.startsWith("-")) {
    const asked = path === "--help" || path === "-h";
    (asked ? process.stdout : process.stderr).write(USAGE);
    return asked ? 0 : 2;
  }
  const operations = fromJsonLines(await readFile(path, "utf8"), path);
  const result = checkLinearizable(operations);
  if (result.ok) process.stdout.write(`linearizable: ${result.operations} operations on ${result.keys} keys\n`);
  else process.stdout.write(`${result.reason}\n`);
  return result.ok ? 0 : 1;
}

runMain(run);
