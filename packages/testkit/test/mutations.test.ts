import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MUTATIONS, mutationNamed } from "../src/mutations/catalogue.ts";
import { mutate } from "../src/mutations/mutation.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MUTATIONS_SRC = join(import.meta.dirname, "../src/mutations");
const FIXTURE = join(import.meta.dirname, "fixtures/mutation");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function node(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const options = { cwd: ROOT, timeout: 20_000, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("the catalogue", () => {
  it("has many mutations, each with a name and a line of its own", () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(26);
    for (const kind of ["name", "what"] as const)
      expect(new Set(MUTATIONS.map((mutation) => mutation[kind])).size).toBe(MUTATIONS.length);
    for (const { name, what } of MUTATIONS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(what).not.toMatch(/[\n|]|\.$/);
    }
  });

  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "%s fits the present code, and still parses",
    (_, mutation) => {
      const source = readFileSync(join(ROOT, mutation.file), "utf8");
      const mutated = mutate(mutation, source);
      expect(mutated).not.toBe(source);
      expect(() => stripTypeScriptTypes(mutated)).not.toThrow();
    },
  );

  it("knows no other names", () => {
    expect(() => mutationNamed("vote-lost")).toThrow(/no mutation 'vote-lost'; there are: vote-not-persisted, /);
  });
});

describe("the load hook", () => {
  const plant = (pattern: string, program = join(FIXTURE, "main.ts")): Promise<Ended> => {
    const mutation = {
      name: "other-answer",
      file: "answer.ts",
      pattern,
      replacement: "value: 43",
      what: "",
    };
    const script = `
      import { registerMutation } from ${JSON.stringify(join(MUTATIONS_SRC, "register.ts"))};
      registerMutation(${JSON.stringify(mutation)}, ${JSON.stringify(FIXTURE)});
      await import(${JSON.stringify(program)});`;
    return node(["--input-type=module", "-e", script]);
  };

  it("edits the text of one file, whose types are stripped afterwards", async () => {
    expect(await node([join(FIXTURE, "main.ts")])).toMatchObject({ code: 0, stdout: "answer 42" });
    expect(await plant("value: 42")).toEqual({ code: 0, stdout: "answer 43", stderr: "" });
  });

  it.each([
    ["is not there", "value: 44", 0],
    ["is there twice", "value", 2],
  ])("fails loudly when the pattern %s", async (_, pattern, times) => {
    const { code, stderr } = await plant(pattern);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`mutation other-answer: its pattern is ${times} times in answer.ts`);
  });

  it("fails loudly when the file is never loaded", async () => {
    const { code, stderr } = await plant("value: 42", join(MUTATIONS_SRC, "mutation.ts"));
    expect(code).toBe(3);
    expect(stderr).toContain("mutation other-answer was not applied: answer.ts was never loaded");
  });

  it("takes the name from the environment, and finds the file through the name of its package", async () => {
    const program =
      'import { ERRORS } from "@ringtide/common"; process.stdout.write(String(ERRORS.WRITE_TIMEOUT.outcomeKnown));';
    const hook = ["--import", join(MUTATIONS_SRC, "load-hook.ts"), "--input-type=module", "-e", program];
    expect(await node(hook, { MUTATION: "write-timeout-told-as-a-refusal" })).toEqual({
      code: 0,
      stdout: "true",
      stderr: "",
    });
    expect(await node(hook, { MUTATION: "" })).toMatchObject({ stderr: expect.stringContaining("set MUTATION") });
    expect(await node(hook, { MUTATION: "none" })).toMatchObject({
      stderr: expect.stringContaining("no mutation 'none'"),
    });
  });
});
