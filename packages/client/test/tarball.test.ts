import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeNode } from "./fake-node.ts";

const PACKAGE = join(import.meta.dirname, "..");
const ROOT = join(PACKAGE, "../..");
/** Inside of the repository, so that other packages' modules are found without the network. */
const CONSUMER = join(ROOT, ".tsbuild/tarball-consumer");

const SCRIPT = `
import { connect, tabletFromArrays } from "@ringtide/client";
const session = await connect({ addresses: [process.argv[2] ?? ""] });
const columns = [{ name: "s", type: "DOUBLE" as const, values: [1.5] }];
const { affected } = await session.insert(tabletFromArrays({ device: "root.sg.d1", times: [1], columns }));
const result = await session.execute("select s from root.sg.d1");
const rows: readonly { readonly time: number | bigint | undefined }[] = await result.toArray();
console.log(JSON.stringify({ affected, operation: result.operation, rows: rows.length }));
await session.close();
`;

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: CONSUMER, encoding: "utf8" });
}

describe("the published package", () => {
  const node = new FakeNode();

  beforeAll(async () => {
    await node.start();
    rmSync(CONSUMER, { recursive: true, force: true });
    const installed = join(CONSUMER, "node_modules/@ringtide/client");
    mkdirSync(installed, { recursive: true });
    run(process.execPath, join(PACKAGE, "scripts/emit.ts"));
    const packed = run(
      "npm",
      "pack",
      join(ROOT, ".tsbuild/client-package"),
      "--pack-destination",
      CONSUMER,
      "--silent",
    ).trim();
    run("tar", "xzf", packed, "--strip-components=1", "-C", installed);
    writeFileSync(join(CONSUMER, "package.json"), '{ "type": "module" }');
    writeFileSync(join(CONSUMER, "main.ts"), SCRIPT);
  }, 60_000);

  afterAll(() => node.stop());

  it("is checked by the compiler and runs as plain JavaScript", async () => {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const flags = [
      "--ignoreConfig",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--strict",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    run(process.execPath, tsc, ...flags, "main.ts");
    const printed = await new Promise<string>((resolve, reject) => {
      const args = ["--no-experimental-strip-types", "main.js", node.address];
      execFile(process.execPath, args, { cwd: CONSUMER }, (error, out) => (error ? reject(error) : resolve(out)));
    });
    expect(JSON.parse(printed)).toEqual({ affected: 1, operation: "nothing", rows: 0 });
    expect(node.inserts).toHaveLength(1);
  }, 60_000);
});
