import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/*
 * Makes docs/internals/structure.md: the packages by level, and who imports whom. The edges are the dependencies of the package.json
 * files; that these are what the source imports, no more and no less, is checked by dependency-cruiser and knip.
 */

const ROOT = join(import.meta.dirname, "..");
const SCOPE = "@ringtide/";
/** Everything imports it: its edges would hide the others. */
const GROUND = "common";

export const STRUCTURE_PAGE = join(ROOT, "docs/internals/structure.md");

interface Package {
  readonly name: string;
  readonly level: number;
  readonly description: string;
  /** Packages of the project that it imports, lowest level first. */
  readonly imports: readonly string[];
}

function readPackages(): Package[] {
  const levels = JSON.parse(readFileSync(join(ROOT, "scripts/package-levels.json"), "utf8")) as string[][];
  const levelOf = new Map(levels.flatMap((names, level) => names.map((name): [string, number] => [name, level])));
  return Array.from(levelOf, ([name, level]) => {
    const file = join(ROOT, "packages", name, "package.json");
    const { description = "", dependencies = {} } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly description?: string;
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    const imports = Object.keys(dependencies)
      .filter((dependency) => dependency.startsWith(SCOPE))
      .map((dependency) => dependency.slice(SCOPE.length))
      .sort((a, b) => (levelOf.get(a) ?? 0) - (levelOf.get(b) ?? 0) || (a < b ? -1 : 1));
    return { name, level, description, imports };
  });
}

function mermaid(packages: readonly Package[]): string {
  const top = Math.max(...packages.map(({ level }) => level));
  const lines = ["graph TD"];
  for (let level = top; level >= 0; level--) {
    const names = packages.filter((one) => one.level === level).map(({ name }) => name);
    lines.push(`  subgraph L${level}["level ${level}"]`, ...names.map((name) => `    ${name}`), "  end");
  }
  for (const { name, imports } of packages)
    for (const imported of imports) if (imported !== GROUND) lines.push(`  ${name} --> ${imported}`);
  return lines.join("\n");
}

/** The page as it should be. */
export function renderStructure(): string {
  const packages = readPackages();
  const rows = packages.map(
    ({ name, level, description, imports }) =>
      `| ${level} | [${name}](../../packages/${name}) | ${description} | ${imports.join(", ")} |`,
  );
  return `# The packages by level

A package imports packages of lower levels only, through their public entry. Made by \`npm run docs:graph\` from the levels in
\`scripts/package-levels.json\` and the dependencies in the package.json files; a test compares this page with them. That each import goes
down and is declared is checked by dependency-cruiser (\`npm run check:structure\`), that nothing is declared in vain by knip.

Every package imports \`${GROUND}\`: those edges are left out of the graph.

\`\`\`mermaid
${mermaid(packages)}
\`\`\`

| level | package | what | imports |
|--:|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) writeFileSync(STRUCTURE_PAGE, renderStructure());
