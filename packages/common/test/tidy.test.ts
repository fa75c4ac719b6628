import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { ERRORS } from "@ringtide/common";
import { describe, expect, it } from "vitest";

/** Rules of the repository that no other check has. */

const ROOT = join(import.meta.dirname, "../../..");
const MAX_LINES = 400;
const RELATIVE_IMPORT = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]*)"/g;

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const paths = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: ROOT, exclude: (name) => name === "node_modules" || name === "generated" }).sort();

const SOURCES = paths("packages/*/{src,test,scripts}/**/*.{ts,js}", "{test,bench,scripts}/**/*.ts");
const SCRIPTS = paths("sbin/*.sh").filter((path) => path !== "sbin/lib.sh");

/** `packages/raft` of a path in that package; the path's first directory elsewhere. */
function homeOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "packages" ? `${first}/${second}` : first;
}

describe("source files", () => {
  it(`have at most ${MAX_LINES} lines`, () => {
    const long = SOURCES.filter((path) => read(path).split("\n").length - 1 > MAX_LINES);
    expect(long).toEqual([]);
  });

  it("leave nothing for later", () => {
    const later = new RegExp(["TO", "DO|FIX", "ME"].join(""));
    expect([...SOURCES, ...SCRIPTS].filter((path) => later.test(read(path)))).toEqual([]);
  });

  it("of one package reach another by its name, never by a relative path", () => {
    const crossing = SOURCES.flatMap((path) =>
      Array.from(read(path).matchAll(RELATIVE_IMPORT), ([, target = ""]) =>
        relative(ROOT, join(ROOT, dirname(path), target)),
      )
        .filter((target) => target.startsWith("packages/") && homeOf(target) !== homeOf(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(crossing).toEqual([]);
  });
});

describe("production code", () => {
  const MACHINE =
    /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|process\.|Buffer\.|crypto\.)/;
  const ADAPTERS = /^packages\/(?:common\/src\/(?:node|conformance)|rpc|server|cli|nodetool|testkit)\//;
  const production = paths("packages/*/src/**/*.ts").filter((path) => !ADAPTERS.test(path));
  /** Without comments and texts, which may speak of all this. */
  const codeOf = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"/g, "");

  it("meets clock, timers, randomness and process through the ports only", () => {
    expect(production.filter((path) => MACHINE.test(codeOf(path)))).toEqual([]);
  });

  it("has no promises in the consensus core", () => {
    const raft = production.filter((path) => path.startsWith("packages/raft/"));
    expect(raft.length).toBeGreaterThan(10);
    expect(raft.filter((path) => /\b(?:Promise|async|await)\b/.test(codeOf(path)))).toEqual([]);
  });
});

describe("documentation", () => {
  it("has a README in each package", () => {
    const missing = paths("packages/*/package.json").filter(
      (path) => !existsSync(join(ROOT, dirname(path), "README.md")),
    );
    expect(missing).toEqual([]);
  });

  it("has every error code", () => {
    const page = read("docs/errors.md");
    expect(Object.keys(ERRORS).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it("has every configuration key of the shipped files", () => {
    const page = read("docs/configuration.md");
    const keys = paths("conf/*.properties").flatMap((path) =>
      Array.from(read(path).matchAll(/^(\w+)=/gm), ([, key]) => key),
    );
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });

  it("links only to files that exist", () => {
    const pages = paths("*.md", "docs/**/*.md", "packages/*/README.md");
    const broken = pages.flatMap((page) =>
      Array.from(read(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g), ([, target = ""]) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

describe("the scripts in sbin", () => {
  it.each(SCRIPTS)("%s tells how to use it", async (path) => {
    const { stdout } = await promisify(execFile)(join(ROOT, path), ["--help"], { cwd: ROOT, timeout: 20_000 });
    expect(stdout).toContain(path.slice("sbin/".length));
  });
});
