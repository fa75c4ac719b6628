import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderConfigDocs, renderErrorDocs, renderProperties } from "@ringtide/common";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

const GENERATED: Readonly<Record<string, () => string>> = {
  "conf/ringtide-cluster.properties": () => renderProperties("cluster"),
  "conf/ringtide-engine.properties": () => renderProperties("engine"),
  "docs/configuration.md": renderConfigDocs,
  "docs/errors.md": renderErrorDocs,
};

/** `UPDATE_GENERATED=1 npx vitest run --project unit packages/common/test/generated.test.ts` writes them anew. */
describe("files made from the schema and the error table", () => {
  for (const [path, render] of Object.entries(GENERATED)) {
    it(`${path} is up to date`, () => {
      const file = join(ROOT, path);
      if (process.env["UPDATE_GENERATED"] === "1") {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, render());
      }
      expect(readFileSync(file, "utf8")).toBe(render());
    });
  }
});
