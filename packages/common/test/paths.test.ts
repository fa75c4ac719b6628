import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PathPattern } from "../src/index.ts";

/** The definition, word for word: every way of sharing out the nodes is tried. */
function matchesByDefinition(pattern: readonly string[], path: readonly string[], prefix: boolean): boolean {
  const [node, ...rest] = pattern;
  if (node === undefined) return prefix || path.length === 0;
  if (path.length === 0) return false;
  const isMany = node === "**" || (node === "*" && rest.length === 0);
  if (!isMany) return (node === "*" || node === path[0]) && matchesByDefinition(rest, path.slice(1), prefix);
  return path.some((_, i) => matchesByDefinition(rest, path.slice(i + 1), prefix));
}

const nodes = (choices: readonly string[], maxLength: number) =>
  fc.array(fc.constantFrom(...choices), { maxLength }).map((rest) => ["root", ...rest]);

describe("a path pattern", () => {
  it("matches what its definition says", () => {
    fc.assert(
      fc.property(nodes(["a", "b", "*", "**"], 6), nodes(["a", "b"], 8), (pattern, path) => {
        const compiled = new PathPattern(pattern.join("."));
        expect(compiled.matches(path)).toBe(matchesByDefinition(pattern, path, false));
        expect(compiled.matchesPrefixOf(path)).toBe(matchesByDefinition(pattern, path, true));
      }),
      { numRuns: 3000 },
    );
  });

  it("answers at once for a long path, however many wildcards it has", () => {
    const path = ["root", ...Array.from({ length: 500 }, () => "a")];
    const pattern = new PathPattern(`root.${"**.a.".repeat(200)}b`);
    const startedMs = performance.now();
    expect(pattern.matches(path)).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});
