import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { destroyCluster, type LocalNode, startCluster } from "@ringtide/cli";
import { type Header, printHeader } from "./header.ts";
import { endOnSignal, makeRunDirectory } from "./run-directory.ts";
import { fileSystemOf } from "./usage.ts";

/** The cluster that a bench runs on: one of its own, or a running one of which it sees only the client ports. */
export interface Target {
  readonly header: Header;
  readonly addresses: readonly string[];
  /** Where the nodes of an own cluster are; undefined for a running one. */
  readonly directory: string | undefined;
  /** Empty for a running cluster. */
  readonly nodes: readonly LocalNode[];
  end(): Promise<void>;
}

/** Where a bench runs. */
export interface TargetArguments {
  readonly connect?: string | undefined;
  readonly dir: string;
  /** Settings of every node, `KEY=VALUE`. */
  readonly set: readonly string[];
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

/** Starts three nodes in a fresh directory below `--dir`, or takes the running cluster that `--connect` names. Prints the header, and where the data is. */
export async function openTarget(args: TargetArguments): Promise<Target> {
  const header = printHeader();
  if (args.connect !== undefined) {
    console.log(`running cluster at ${args.connect}`);
    const addresses = args.connect.split(",");
    return { header, addresses, directory: undefined, nodes: [], end: () => Promise.resolve() };
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
    return { header, addresses: state.nodes.map((node) => node.rpc), directory, nodes: state.nodes, end };
  } catch (error) {
    await end();
    throw error;
  }
}
