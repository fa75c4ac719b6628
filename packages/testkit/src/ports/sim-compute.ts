import { assert, type Compute, type ComputeTask, RingtideError } from "@ringtide/common";
import type { Owner } from "./owner.ts";

/** Usual time of a task on a worker thread, ms. */
const TASK_MS = 0.5;

/** Exports of a module that has tasks, by name. */
export type TaskModule = Readonly<Record<string, unknown>>;

/**
 * Runs tasks when their time is over, where everything else runs. The modules of the tasks are handed in: to load one takes real
 * time, which a simulated run has not.
 */
export function simCompute(owner: Owner, modules: ReadonlyMap<string, TaskModule>): Compute {
  return {
    async run<In, Out>(task: ComputeTask<In, Out>, input: In, transfer: readonly ArrayBuffer[] = []): Promise<Out> {
      const own = structuredClone(input, { transfer: [...transfer] });
      await new Promise<void>((resolve) => owner.after(TASK_MS, "compute", resolve));
      const found = modules.get(task.module);
      assert(found !== undefined, `the module ${task.module} is handed to the simulated Compute`);
      const run = found[task.name];
      assert(typeof run === "function", `${task.module} exports a function ${task.name}`);
      try {
        return structuredClone((await run(own)) as Out);
      } catch (error) {
        if (error instanceof RingtideError)
          throw new RingtideError(error.code, error.message, { details: error.details });
        throw error;
      }
    },
    async close() {},
  };
}
