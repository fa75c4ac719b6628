import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { renderStructure, STRUCTURE_PAGE } from "../../../scripts/structure-graph.ts";

const ROOT = join(import.meta.dirname, "../../..");

it("docs/internals/structure.md is what npm run docs:graph makes", () => {
  expect(readFileSync(STRUCTURE_PAGE, "utf8")).toBe(renderStructure());
});

it("every package has a level", () => {
  const levels = JSON.parse(readFileSync(join(ROOT, "scripts/package-levels.json"), "utf8")) as string[][];
  expect(levels.flat().sort()).toEqual(readdirSync(join(ROOT, "packages")).sort());
});
