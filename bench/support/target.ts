import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { destroyCluster, type LocalNode, startCluster } from "@ringtide/cli";
import { fileSystemOf, loadAverage } from "./usage.ts";

/** The cluster that a bench runs on: one of its own, or a running one of which it sees only the client ports. */
export interface Target {
  readonly addresses: readonly string[];
  /** Empty for a running cluster. */
  readonly nodes: readonly LocalNode[];
  end(): Promise<void>;
}

export function benchArguments() {
  const { values } = parseArgs({
    options: {
      connect: { type: "string" },
      dir: { type: "string", default: ".bench" },
      json: { type: "boolean", default: false },
      seconds: { type: "string", default: "20" },
      repetitions: { type: "string", default: "15" },
      set: { type: "string", multiple: true, default: [] },
    },
  });
  return values;
}

/** Makes a directory of this run's own below `parent`, which must not be in memory: there a sync costs nothing. */
function makeRunDirectory(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const path = realpathSync(parent);
  const fileSystem = fileSystemOf(path);
  if (fileSystem === "tmpfs" || fileSystem === "ramfs")
    throw new Error(`${path} is on ${fileSystem}; name a directory on a disk with --dir`);
  return mkdtempSync(join(path, "run-"));
}

/** Starts three nodes in a fresh directory below `--dir`, or takes the running cluster that `--connect` names. Prints where the data is. */
export async function openTarget(args: ReturnType<typeof benchArguments>): Promise<Target> {
  console.log(`machine load ${loadAverage()}`);
  if (args.connect !== undefined) {
    console.log(`running cluster at ${args.connect}`);
    return { addresses: args.connect.split(","), nodes: [], end: () => Promise.resolve() };
  }
  const directory = makeRunDirectory(args.dir);
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= destroyCluster(directory).then(() => rmSync(directory, { recursive: true, force: true }));
    return ending;
  };
  endOnSignal(end);
  const flags = Object.fromEntries(args.set.map((pair) => pair.split("=", 2) as [string, string]));
  try {
    const state = await startCluster({ directory, nodes: 3, replicas: 3, basePort: undefined, flags });
    console.log(`three nodes, three replicas, data in ${directory} (${fileSystemOf(directory)})`);
    return { addresses: state.nodes.map((node) => node.rpc), nodes: state.nodes, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The nodes outlive this process unless they are ended: no later run finds them. */
function endOnSignal(end: () => Promise<void>): void {
  const stop = () => {
    end()
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit(130));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
}
