import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RingtideError } from "@ringtide/common";

const SBIN = resolve(dirname(fileURLToPath(import.meta.url)), "../../../../sbin");

export const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export function heading(text: string): void {
  out(`\n== ${text}`);
}

/** Runs one of the project's own scripts and shows it as the user would type it. */
export function runScript(script: string, args: readonly string[]): void {
  const shown = args.map((arg) => (/^[\w./:@=-]+$/.test(arg) ? arg : `"${arg}"`)).join(" ");
  out(`$ sbin/${script} ${shown}`);
  const result = spawnSync(`${SBIN}/${script}`, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    throw new RingtideError(
      "INTERNAL",
      `sbin/${script} ended with ${result.status ?? result.signal ?? result.error?.message}`,
    );
  }
}
