import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { eventually } from "../../support/cluster.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeProcess } from "./node-process.ts";

/** A node began to lead a group. */
export interface Election {
  readonly node: number;
  readonly group: string;
  readonly term: number;
  /** Wall-clock ms. */
  readonly atMs: number;
}

/** Reads from the nodes' logs who began to lead when: the nodes' own clocks, which are this machine's, say it to the millisecond. */
export class LeaderWatch {
  readonly #logs: readonly LogReader[];
  readonly #elections: Election[] = [];

  constructor(cluster: Cluster) {
    this.#logs = cluster.nodes.map((node) => new LogReader(node));
  }

  /** All elections so far. */
  elections(): readonly Election[] {
    for (const log of this.#logs) {
      for (const line of log.newLines()) {
        const found = electionOf(line, log.node.number);
        if (found !== undefined) this.#elections.push(found);
      }
    }
    return this.#elections;
  }

  /** Waits until each of the groups has another leader than `old`, and returns how long after `sinceMs` the last of them got one. */
  async allLedByOthers(groups: readonly string[], old: number, sinceMs: number, timeoutMs: number): Promise<number> {
    const firstMs = new Map<string, number>();
    await eventually(`another node than ${old} leads ${groups.join(", ")}`, timeoutMs, async () => {
      for (const { node, group, atMs } of this.elections())
        if (node !== old && atMs >= sinceMs && !firstMs.has(group)) firstMs.set(group, atMs);
      return groups.every((group) => firstMs.has(group));
    });
    return Math.max(...groups.map((group) => firstMs.get(group) ?? 0)) - sinceMs;
  }
}

/** Reads a log that grows. */
class LogReader {
  readonly node: NodeProcess;
  #position = 0;
  #rest = "";

  constructor(node: NodeProcess) {
    this.node = node;
  }

  newLines(): string[] {
    const file = openSync(this.node.logFile, "r");
    try {
      const buffer = Buffer.alloc(fstatSync(file).size - this.#position);
      this.#position += readSync(file, buffer, 0, buffer.length, this.#position);
      const lines = (this.#rest + buffer.toString("utf8")).split("\n");
      this.#rest = lines.pop() ?? "";
      return lines;
    } finally {
      closeSync(file);
    }
  }
}

function electionOf(line: string, node: number): Election | undefined {
  if (!line.includes('"role":"leader"')) return undefined;
  const fields = JSON.parse(line) as { time: string; group: string; term: number };
  return { node, group: fields.group, term: fields.term, atMs: Date.parse(fields.time) };
}
