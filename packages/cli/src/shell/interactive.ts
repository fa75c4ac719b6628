import { homedir } from "node:os";
import { createInterface, type Interface } from "node:readline";
import type { Session } from "@ringtide/client";
import { splitStatements } from "@ringtide/sql";
import { completer } from "./completion.ts";
import { History } from "./history.ts";
import { out, say } from "./output.ts";
import { interruption, runStatement, type ShellOptions } from "./statement.ts";

const HISTORY_FILE = `${homedir()}/.ringtide_history`;
const HISTORY_LINES = 1000;
const PROMPT = "ringtide> ";
const MORE_PROMPT = "       -> ";

const HELP = `Statements end with a semicolon. Tab completes keywords and paths. Ctrl-C cancels what runs, or what is typed.
  SHOW STORAGE GROUP;                 what there is
  SHOW TIMESERIES root.x LIMIT 10;    series below a path
  SELECT LAST * FROM root.x;          the newest values
  help; exit; (or Ctrl-D)
The language: docs/sql.md
`;

/** The shell at a terminal: lines are collected until a semicolon, then run; Ctrl-C cancels. Resolves when the user leaves. */
export function runInteractive(session: Session, options: ShellOptions): Promise<void> {
  return new Promise((resolve) => {
    let shell: Shell | undefined;
    const history = new History(HISTORY_FILE, say);
    const input = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: PROMPT,
      history: history.read(),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: completer(session, () => shell?.typed ?? ""),
    });
    input.on("history", (lines) => history.write(lines));
    shell = new Shell(input, session, options, resolve);
    shell.start();
  });
}

class Shell {
  readonly #input: Interface;
  readonly #session: Session;
  readonly #options: ShellOptions;
  readonly #leave: () => void;
  #typed = "";
  #running: AbortController | undefined;
  #closed = false;

  constructor(input: Interface, session: Session, options: ShellOptions, leave: () => void) {
    this.#input = input;
    this.#session = session;
    this.#options = options;
    this.#leave = leave;
  }

  /** The earlier lines of the statement that is being typed. */
  get typed(): string {
    return this.#typed;
  }

  start(): void {
    this.#input.on("line", (line) => this.#line(line));
    this.#input.on("SIGINT", () => this.#interrupt());
    this.#input.on("close", () => {
      this.#closed = true;
      this.#running?.abort(interruption());
      this.#leave();
    });
    this.#input.prompt();
  }

  #line(line: string): void {
    this.#typed += `${line}\n`;
    if (this.#running !== undefined) return; // taken up when the running statement has ended
    this.#runTyped().catch((error: unknown) => {
      say(`${String(error)}\n`);
      this.#input.close();
    });
  }

  async #runTyped(): Promise<void> {
    for (;;) {
      const word = this.#typed.trim().replace(/;$/, "").toLowerCase();
      if (word === "exit" || word === "quit") return this.#input.close();
      if (word === "help") {
        this.#typed = "";
        out(HELP);
      }
      const { statements, rest } = splitStatements(this.#typed);
      this.#typed = rest.trim() === "" ? "" : rest;
      if (statements.length === 0) break;
      await this.#run(statements);
    }
    if (this.#closed) return;
    this.#input.setPrompt(this.#typed === "" ? PROMPT : MORE_PROMPT);
    this.#input.prompt();
  }

  async #run(statements: readonly string[]): Promise<void> {
    const abort = new AbortController();
    this.#running = abort;
    for (const statement of statements) {
      if (abort.signal.aborted) break;
      await runStatement(this.#session, statement, this.#options, abort.signal);
    }
    this.#running = undefined;
  }

  #interrupt(): void {
    if (this.#running !== undefined) {
      this.#running.abort(interruption());
      return;
    }
    this.#typed = "";
    this.#input.setPrompt(PROMPT);
    out("^C\n");
    this.#input.write(null, { ctrl: true, name: "e" }); // to the end of the line ...
    this.#input.write(null, { ctrl: true, name: "u" }); // ... and away with all before it
    this.#input.prompt();
  }
}
