import { describe, expect, it } from "vitest";
import type { RingtideError } from "../errors.ts";
import type { Compute, ComputeTask } from "../ports/index.ts";
import type * as tasks from "./compute-tasks.ts";
import { type Disposable, expectCode, fixture } from "./support.ts";

export interface ComputeFixture extends Disposable {
  readonly compute: Compute;
}

type TaskName = keyof typeof tasks;

function task<In, Out>(name: TaskName): ComputeTask<In, Out> {
  return { module: new URL("./compute-tasks.ts", import.meta.url).href, name };
}

/** Registers the tests that every Compute has to pass. */
export function computeConformance(name: string, make: () => Promise<ComputeFixture>): void {
  describe(`Compute: ${name}`, () => {
    const given = fixture(make);
    results(given);
    failures(given);
  });
}

function results(given: () => ComputeFixture): void {
  it("runs functions and async functions, many at a time, and gives each caller its own result", async () => {
    const { compute } = given();
    const runs = Array.from({ length: 50 }, (_, i) => compute.run(task("sum"), new Float64Array([i, 0.5])));
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 50 }, (_, i) => i + 0.5));
    expect(await compute.run(task("doubled"), new Float64Array([1, 2]))).toEqual(new Float64Array([2, 4]));
  });

  it("gives the function a copy of its input", async () => {
    const input = new Float64Array([1, 2, 3]);
    expect(await given().compute.run(task("spoil"), input)).toBe(3);
    expect(Array.from(input)).toEqual([1, 2, 3]);
  });

  it("moves what is in the transfer list", async () => {
    const input = new Float64Array([1, 2, 3]);
    expect(await given().compute.run(task("sum"), input, [input.buffer])).toBe(6);
    expect(input.length).toBe(0);
  });
}

function failures(given: () => ComputeFixture): void {
  it("brings errors back with code and details; others are INTERNAL", async () => {
    const { compute } = given();
    const error = await compute.run(task("failWithCode"), 7).catch((thrown: unknown) => thrown as RingtideError);
    expect(error).toMatchObject({ code: "BLOCK_MALFORMED", message: "no block", details: { at: 7 } });
    const bug = await compute.run(task("failPlainly"), 7).catch((thrown: unknown) => thrown as Error);
    expect(bug).toMatchObject({ message: "a bug" });
  });

  it("refuses what is no function or cannot be cloned, and goes on", async () => {
    const { compute } = given();
    await expectCode(compute.run(task("noFunction"), 1), "INTERNAL");
    await expect(compute.run(task("unclonable"), 1)).rejects.toThrow();
    await expect(compute.run(task("sum"), () => undefined)).rejects.toThrow();
    expect(await compute.run(task("sum"), new Float64Array([1]))).toBe(1);
  });
}
