import { spawn } from "node:child_process";
import type { Mutation } from "./mutation.ts";

/** What a run of the simulator said of a mutation. */
export type Outcome =
  | { readonly kind: "caught"; readonly seed: number; readonly invariant: string; readonly seeds: number }
  | { readonly kind: "not caught"; readonly seeds: number }
  /** The run itself went wrong: that says nothing of the tests. */
  | { readonly kind: "broken"; readonly reason: string };

export interface SimulatorRun {
  /** Program and first arguments, for example ["node", "packages/testkit/src/sim/main.ts"]. */
  readonly command: readonly string[];
  readonly seeds: number;
  readonly timeoutMs: number;
}

const KEPT_BYTES = 1024 * 1024;
const CAUGHT = 1;

/** Runs the simulator with a mutation planted, until a seed catches it or all have passed. */
export function runSimulator({ name }: Mutation, { command, seeds, timeoutMs }: SimulatorRun): Promise<Outcome> {
  const [program = "node", ...first] = command;
  const args = [...first, "--mutation", name, "--seeds", String(seeds), "--json"];
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-KEPT_BYTES);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT_BYTES);
    });
    child.on("error", (error) => resolve({ kind: "broken", reason: error.message }));
    child.on("close", (code, signal) => {
      if (signal === null) resolve(outcomeOf(code, stdout, stderr));
      else resolve({ kind: "broken", reason: `ended by ${signal}, it may take ${timeoutMs} ms` });
    });
  });
}

/** Whether a seed passes without any bug. */
export function passes([program = "node", ...first]: readonly string[], seed: number): Promise<boolean> {
  const child = spawn(program, [...first, "--seed", String(seed)], { stdio: "ignore" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });
}

/** From the exit code and the last line, which is JSON: { seeds, failures: [{ seed, invariant, message }] }. */
export function outcomeOf(exitCode: number | null, stdout: string, stderr: string): Outcome {
  const summary = summaryOf(stdout.trimEnd().split("\n").at(-1) ?? "");
  const failure = summary?.failures[0];
  if (summary !== undefined && exitCode === CAUGHT && failure !== undefined)
    return { kind: "caught", seed: failure.seed, invariant: failure.invariant, seeds: summary.seeds };
  if (summary !== undefined && exitCode === 0 && failure === undefined)
    return { kind: "not caught", seeds: summary.seeds };
  return { kind: "broken", reason: `exit code ${exitCode} without a summary that fits it: ${complaintOf(stderr)}` };
}

/** The line that tells most: Node.js ends an uncaught error with stack and version. */
function complaintOf(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return lines.find((line) => /Error|mutation/.test(line)) ?? (lines.at(-1) || "nothing on stderr");
}

interface Summary {
  readonly seeds: number;
  readonly failures: readonly { readonly seed: number; readonly invariant: string }[];
}

function summaryOf(line: string): Summary | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("seeds" in parsed) || !("failures" in parsed))
    return undefined;
  const { seeds, failures } = parsed;
  if (typeof seeds !== "number" || !Array.isArray(failures)) return undefined;
  return failures.every(isFailure) ? { seeds, failures } : undefined;
}

function isFailure(value: unknown): value is Summary["failures"][number] {
  if (typeof value !== "object" || value === null || !("seed" in value) || !("invariant" in value)) return false;
  return typeof value.seed === "number" && typeof value.invariant === "string";
}
