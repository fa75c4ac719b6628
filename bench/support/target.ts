import { rmSync } from "node:fs";
import { resolve } from "node:path";
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

/** Starts three nodes in a fresh directory, or takes the running cluster that `--connect` names. Prints where the data is. */
export async function openTarget(args: ReturnType<typeof benchArguments>): Promise<Target> {
  console.log(`machine load ${loadAverage()}`);
  if (args.connect !== undefined) {
    console.log(`running cluster at ${args.connect}`);
    return { addresses: args.connect.split(","), nodes: [], end: () => Promise.resolve() };
  }
  const directory = resolve(args.dir);
  await destroyCluster(directory);
  const flags = Object.fromEntries(args.set.map((pair) => pair.split("=", 2) as [string, string]));
  const state = await startCluster({ directory, nodes: 3, replicas: 3, basePort: undefined, flags });
  console.log(`three nodes, three replicas, data in ${directory} (${fileSystemOf(directory)})`);
  return {
    addresses: state.nodes.map((node) => node.rpc),
    nodes: state.nodes,
    end: async () => {
      await destroyCluster(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
