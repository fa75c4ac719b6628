import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Session } from "@ringtide/client";
import { destroyCluster, startCluster } from "../src/index.ts";
import type { Format } from "../src/shell/format.ts";
import type { ShellOptions } from "../src/shell/statement.ts";

/** One real node in a temporary directory, and a session with it. */
export interface TestNode {
  readonly session: Session;
  end(): Promise<void>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "ringtide-cli-"));
}

export async function startTestNode(): Promise<TestNode> {
  const directory = temporaryDirectory();
  const state = await startCluster({ directory, nodes: 1, replicas: 1, basePort: undefined, flags: {} });
  const session = await connect({ addresses: state.nodes.map((node) => node.rpc) });
  return {
    session,
    end: async () => {
      await session.close();
      await destroyCluster(directory);
    },
  };
}

/** What a shell printed, answers and the rest apart. */
export class Printed {
  answers = "";
  rest = "";

  options(format: Format, changes: { width?: number; consistency?: "mid" | "weak"; zone?: string } = {}): ShellOptions {
    return {
      style: { format, precision: "ms", zone: changes.zone ?? "UTC", width: changes.width ?? 0 },
      consistency: changes.consistency,
      timeoutMs: 0,
      chatty: format === "table",
      out: (text) => {
        this.answers += text;
      },
      say: (text) => {
        this.rest += text;
      },
    };
  }
}
