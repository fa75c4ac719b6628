import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { eventually } from "./cluster.ts";

const WAIT_MS = 20_000;

type Maker = (command: string) => { readonly program: string; readonly args: readonly string[] };

/** Programs that run a command in a terminal of its own and pass our input to it. */
const MAKERS: readonly { readonly has: () => boolean; readonly make: Maker }[] = [
  {
    has: () => spawnSync("script", ["--version"]).stdout?.includes("util-linux") === true,
    make: (command) => ({ program: "script", args: ["-qfec", command, "/dev/null"] }),
  },
  {
    has: () => spawnSync("python3", ["-c", "import pty"]).status === 0,
    make: (command) => ({
      program: "python3",
      args: [
        "-c",
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['bash', '-c', sys.argv[1]])))",
        command,
      ],
    }),
  },
];

const maker = MAKERS.find(({ has }) => has());

/** False where the machine has nothing to make a terminal with. */
export const hasTerminal = maker !== undefined;

/** A command at a real terminal: what a person would type goes in, what the screen was sent comes out (without control sequences). */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #screen = "";
  #seen = 0;

  constructor(command: string, options: { columns: number; home: string }) {
    if (maker === undefined) throw new Error("this machine has neither script(1) nor python3");
    const { program, args } = maker.make(`stty cols ${options.columns} rows 40; exec ${command}`);
    const child = spawn(program, args, {
      env: { ...process.env, HOME: options.home, SHELL: "/bin/bash", TERM: "xterm" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#screen += text;
    });
    this.#child = child;
    this.#ended = once(child, "close").then(([code]) => code as number | null);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the text is on the screen, behind what the last call found. Returns what came up to its end. */
  async sees(text: string): Promise<string> {
    let shown = "";
    let at = -1;
    try {
      await eventually(`'${text}' on the screen`, WAIT_MS, () => {
        shown = stripVTControlCharacters(this.#screen);
        at = shown.indexOf(text, this.#seen);
        return Promise.resolve(at >= 0);
      });
    } catch (error) {
      throw new Error(`${String(error)}; what it shows instead: ${JSON.stringify(shown.slice(this.#seen))}`);
    }
    const from = this.#seen;
    this.#seen = at + text.length;
    return shown.slice(from, this.#seen);
  }

  /** The exit code, once the command has ended by itself. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
