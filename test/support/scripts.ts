import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** With a blank in its name, which scripts like to get wrong. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "ringtide test-"));
}

export interface ScriptOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; none when left out. */
  readonly input?: string;
}

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running script of `sbin`, and what it has printed so far. */
export class Script {
  readonly child: ChildProcess;
  out = "";
  err = "";
  readonly #finished: Promise<Finished>;

  constructor(name: string, args: readonly string[], options: ScriptOptions = {}) {
    const child = spawn(join(PROJECT, "sbin", name), args, {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    child.stdin.on("error", () => undefined); // it may end without reading all of its input
    if (options.input !== undefined) child.stdin.end(options.input);
    this.child = child;
    this.#finished = once(child, "close").then(([code]) => ({
      code: code as number | null,
      out: this.out,
      err: this.err,
    }));
  }

  finished(): Promise<Finished> {
    return this.#finished;
  }

  /** Ends it, if it runs, as a test that failed leaves it. */
  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.#finished;
  }
}

/** Runs a script of `sbin` to its end. */
export function runScript(name: string, args: readonly string[], options: ScriptOptions = {}): Promise<Finished> {
  return new Script(name, args, { input: "", ...options }).finished();
}

/** False for what has ended, also while nobody has asked for its exit code yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
