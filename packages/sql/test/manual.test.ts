import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "../src/index.ts";
import { MS } from "./helpers.ts";

/** Lines of the manual's SQL blocks; optional parts in brackets are taken along. */
function examples(): string[] {
  const manual = readFileSync(new URL("../../../docs/sql.md", import.meta.url), "utf8");
  const blocks = [...manual.matchAll(/^```sql\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const lines = blocks.join("").split("\n");
  return lines.filter((line) => line !== "").map(withOptionalParts);
}

function withOptionalParts(line: string): string {
  return line.replaceAll(/ \[([^[\]()]*)\]/g, (_, part: string) =>
    ` ${part}`.replace(/\bpath\b/, "root.sg").replace(/\b[nm]$/, "1"),
  );
}

it.each(examples())("the manual's example parses: %s", (sql) => {
  expect(parse(sql, MS)).toHaveProperty("kind");
});
