/**
 * Emits the package that is published: `.tsbuild/client-package/` with its own package.json, one JavaScript file that has our other packages inlined,
 * and their declarations. Node strips no types under node_modules, so sources cannot be published as they are.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { rolldown } from "rolldown";

const PACKAGE = join(import.meta.dirname, "..");
const ROOT = join(PACKAGE, "../..");
const DIST = join(ROOT, ".tsbuild/client-package");
const OURS = "@ringtide/";

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, "packages", name, "package.json"), "utf8")) as Manifest;
}

/** Our packages that the client is made of, itself included. */
function parts(): string[] {
  const found = new Set(["client"]);
  for (const name of found)
    for (const dependency of Object.keys(manifestOf(name).dependencies ?? {}))
      if (dependency.startsWith(OURS)) found.add(dependency.slice(OURS.length));
  return [...found];
}

/** Bundles to index.js; returns the modules of others that it imports. */
async function bundle(): Promise<string[]> {
  const build = await rolldown({
    input: join(PACKAGE, "src/index.ts"),
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/") && !id.startsWith(OURS),
    treeshake: { moduleSideEffects: false },
  });
  const { output } = await build.write({ file: join(DIST, "index.js"), format: "esm" });
  await build.close();
  return output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.imports : []));
}

/** `protobufjs/minimal.js` → `protobufjs`; built-in modules are left out. */
function packagesOf(imports: readonly string[]): Set<string> {
  const names = imports.map((id) => id.split("/", id.startsWith("@") ? 2 : 1).join("/"));
  return new Set(names.filter((name) => !name.startsWith("node:") && !builtinModules.includes(name)));
}

function dependencies(imports: readonly string[]): Record<string, string> {
  const versions = Object.assign({}, ...parts().map((name) => manifestOf(name).dependencies ?? {})) as Record<
    string,
    string
  >;
  const used: Record<string, string> = {};
  for (const name of [...packagesOf(imports)].sort()) {
    const version = versions[name];
    if (version === undefined) throw new Error(`${name} is imported, but no package declares it`);
    used[name] = version;
  }
  return used;
}

/** Declarations of all parts, with imports of our packages made relative. */
function declarations(): void {
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-b", PACKAGE], { stdio: "inherit" });
  const types = join(DIST, "types");
  for (const name of parts())
    cpSync(join(ROOT, ".tsbuild", name), join(types, name), {
      recursive: true,
      filter: (from) => !/[.]map$|conformance$/.test(from),
    });
  for (const entry of readdirSync(types, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".d.ts")) continue;
    const file = join(entry.parentPath, entry.name);
    const here = dirname(file);
    const text = readFileSync(file, "utf8")
      .replace(/"@ringtide\/([a-z]+)(\/[a-z]+)?"/g, (_, name: string, sub = "") => {
        const path = relative(here, join(types, `${name}${sub}`, "index.js"));
        return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
      })
      .replace(/(from "\.[^"]*)\.ts"/g, '$1.js"');
    writeFileSync(file, text);
  }
}

async function emit(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST, { recursive: true });
  const imports = await bundle();
  declarations();
  const { version, description, license } = manifestOf("client");
  const manifest = {
    name: `${OURS}client`,
    version,
    description,
    license,
    type: "module",
    engines: { node: ">=22" },
    exports: { ".": { types: "./types/client/index.d.ts", default: "./index.js" } },
    dependencies: dependencies(imports),
  };
  writeFileSync(join(DIST, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(PACKAGE, "README.md"), join(DIST, "README.md"));
}

await emit();
