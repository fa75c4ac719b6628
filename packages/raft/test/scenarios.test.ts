import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Scenario } from "./support/scenario.ts";

const directory = new URL("../testdata/", import.meta.url);
const update = process.env["UPDATE_SCENARIOS"] === "1";

/** Runs the commands (`> …`) of a file, and gives the file with their output as it is now. Comments and blank lines stay. */
function replay(text: string): string {
  const scenario = new Scenario();
  const lines: string[] = [];
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith("  ")) continue;
    lines.push(line);
    if (line.startsWith("> ")) lines.push(...scenario.run(line.slice(2)));
  }
  return `${lines.join("\n")}\n`;
}

/** What must stay as recorded. UPDATE_SCENARIOS=1 records anew; the difference is to be read. */
describe("scenarios", () => {
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".txt"))) {
    it(name, () => {
      const file = new URL(name, directory);
      const recorded = readFileSync(file, "utf8");
      const now = replay(recorded);
      if (update) writeFileSync(file, now);
      else expect(now).toBe(recorded);
    });
  }
});
