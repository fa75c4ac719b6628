import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { type Mutation, mutate } from "./mutation.ts";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));
/** Of a process in which the mutation had no chance: neither "caught" nor "not caught". */
const NOT_APPLIED = 3;

/**
 * From now on this process loads the mutation's file with the bug in it (types are stripped afterwards, as ever). Call it before anything imports
 * that file: what is loaded already stays as it is, and the process then ends with an error. `root`: what the file's path starts from.
 */
export function registerMutation(mutation: Mutation, root = REPOSITORY): void {
  const target = pathToFileURL(join(root, mutation.file)).href;
  let isApplied = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      const { source } = loaded;
      if (source === undefined || source === null)
        throw new Error(`mutation ${mutation.name}: ${url} has no source text`);
      const text = typeof source === "string" ? source : new TextDecoder().decode(source);
      const mutated = mutate(mutation, text);
      isApplied = true;
      return { ...loaded, source: mutated };
    },
  });
  // Worker threads run the hook too, but each loads only a part of the program.
  if (isMainThread) process.on("exit", () => complain(mutation, isApplied));
}

function complain({ name, file }: Mutation, isApplied: boolean): void {
  if (isApplied) return;
  process.stderr.write(`mutation ${name} was not applied: ${file} was never loaded after it was registered\n`);
  process.exitCode = NOT_APPLIED;
}
