import { assert } from "./errors.ts";
import type { Compute, ComputeTask } from "./ports/index.ts";

/** The function that a task names; INTERNAL when its module has no such export. */
export async function loadTask<In, Out>(task: ComputeTask<In, Out>): Promise<(input: In) => Out | Promise<Out>> {
  const module: Record<string, unknown> = await import(task.module);
  const run = module[task.name];
  assert(typeof run === "function", `${task.module} exports a function ${task.name}`);
  return (input) => run(input) as Out | Promise<Out>;
}

const loaded = new Map<string, (input: unknown) => unknown>();

/**
 * Runs tasks where they are asked for: for simulation, tests and small tools. Input and output are cloned like on the way to a
 * thread, so that a task that keeps or changes its input fails here too. The first run of a task loads its module.
 */
export const inlineCompute: Compute = {
  async run<In, Out>(task: ComputeTask<In, Out>, input: In, transfer: readonly ArrayBuffer[] = []): Promise<Out> {
    const own = structuredClone(input, { transfer: [...transfer] });
    const key = `${task.module}#${task.name}`;
    let run = loaded.get(key);
    if (run === undefined) {
      run = await loadTask({ module: task.module, name: task.name });
      loaded.set(key, run);
    }
    return structuredClone((await run(own)) as Out);
  },
  async close() {},
};
