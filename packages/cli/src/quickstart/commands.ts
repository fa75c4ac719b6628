import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RingtideError } from "@ringtide/common";

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");

export const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export function heading(text: string): void {
  out(`\n== ${text}`);
}

/** An argument as the user would type it in a shell. */
export function quoted(argument: string): string {
  return /^[\w./:@=-]+$/.test(argument) ? argument : `"${argument}"`;
}

/** Runs one of the project's own scripts and shows it as the user would type it. */
export function runScript(script: string, args: readonly string[]): void {
  out(`$ sbin/${script} ${args.map(quoted).join(" ")}`);
  const result = spawnSync(`${PROJECT}/sbin/${script}`, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    throw new RingtideError(
      "INTERNAL",
      `sbin/${script} ended with ${result.status ?? result.signal ?? result.error?.message}`,
    );
  }
}
