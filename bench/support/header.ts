import { execFileSync } from "node:child_process";
import { loadAverage } from "./usage.ts";

/** What a figure is worth nothing without: of which sources it is, and how busy the machine was at the start. */
export interface Header {
  readonly commit: string;
  readonly loadAtStart: string;
}

/** Prints the header of a run. */
export function printHeader(): Header {
  const header = { commit: commitOfSources(), loadAtStart: loadAverage() };
  console.log(`commit ${header.commit}, machine load ${header.loadAtStart}`);
  return header;
}

/** Short hash of the commit, with a mark when the sources differ from it. */
function commitOfSources(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  try {
    const isChanged = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${isChanged ? " with changes" : ""}`;
  } catch {
    return "unknown";
  }
}
