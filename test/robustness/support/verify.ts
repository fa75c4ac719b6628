import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "@ringtide/client";
import { eventually } from "../../support/cluster.ts";
import type { Cluster } from "./cluster.ts";
import { type Load, type LoadWriter, textAt, valueAt } from "./load.ts";

const AGREE_MS = 60_000;

/** What a node lacks, or has wrong; empty when all is there. */
export interface Loss {
  readonly lostRows: number;
  readonly wrongRows: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

/** Looks for every acknowledged row in the data of each node. The cluster must have caught up. */
export async function lossOf(cluster: Cluster, load: Load): Promise<Loss> {
  let lostRows = 0;
  let wrongRows = 0;
  const examples: string[] = [];
  const note = (text: string) => {
    if (examples.length < 10) examples.push(text);
  };
  for (const address of cluster.addresses) {
    for (const writer of load.writers) {
      const rows = await rowsAt(address, writer);
      for (const [time, right] of rows) {
        if (right) continue;
        wrongRows++;
        note(`${writer.device} at ${time} on ${address}: another value than was written`);
      }
      for (const { first, last } of writer.acknowledged)
        for (let time = first; time <= last; time++) {
          if (rows.has(time)) continue;
          lostRows++;
          note(`${writer.device} at ${time} on ${address}: acknowledged, not found`);
        }
    }
  }
  return { lostRows, wrongRows, examples };
}

/** All rows of a writer's device as one node has them itself: whether each has the value that belongs to its time. */
async function rowsAt(address: string, { device, textBytes }: LoadWriter): Promise<Map<number, boolean>> {
  const session = await connect({ addresses: [address] });
  try {
    const columns = textBytes > 0 ? "v, pad" : "v";
    const result = await session.execute(`SELECT ${columns} FROM ${device}`, { consistency: "weak" });
    const rows = new Map<number, boolean>();
    for await (const { time, values } of result) {
      const at = Number(time);
      const [value, text] = values;
      rows.set(at, value === valueAt(at) && (textBytes === 0 || text === textAt(at, textBytes)));
    }
    if (result.served !== "local") throw new Error(`${address} read ${device} at ${result.served}, not its own data`);
    return rows;
  } finally {
    await session.close();
  }
}

/** Flushes, and waits until the replicas of every group have the same files, byte for byte. Returns how many files a node has. */
export async function filesAgree(cluster: Cluster): Promise<number> {
  const session = await connect({ addresses: cluster.addresses });
  try {
    await session.execute("FLUSH");
  } finally {
    await session.close();
  }
  await cluster.caughtUp();
  let files: string[][] = [];
  await eventually("replicas have the same files", AGREE_MS, () => {
    files = cluster.nodes.map((node) => digestsOf(node.spec.dataDirectory));
    return Promise.resolve(files.every((each) => each.join() === files[0]?.join()));
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${files.map((each, i) => `node ${i + 1}: ${each.join(", ")}`).join("\n")}`);
  });
  return files[0]?.length ?? 0;
}

/** Name and digest of each data file. */
function digestsOf(dataDirectory: string): string[] {
  const groups = `${dataDirectory}/groups`;
  return readdirSync(groups, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".tsfile"))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(`${groups}/${name}`))
          .digest("hex")
          .slice(0, 16)}`,
    );
}

/** No group has stopped on any node, and all nodes answer. */
export async function allWell(cluster: Cluster): Promise<void> {
  const { nodes, groups } = await cluster.status();
  const problems = [
    ...nodes.filter((node) => !node.alive).map((node) => `node ${node.node} does not answer`),
    ...groups.flatMap(({ group, replicas }) =>
      replicas.filter(({ stopped }) => stopped).map(({ node, stopped }) => `${group} on node ${node}: ${stopped}`),
    ),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Ends the load, waits until all have caught up, and fails unless every row is there, files agree and nothing has stopped. */
export async function verify(cluster: Cluster, load: Load): Promise<void> {
  await load.stop();
  await cluster.caughtUp();
  const { lostRows, wrongRows, examples } = await lossOf(cluster, load);
  if (lostRows + wrongRows > 0) throw new Error(`${lostRows} rows lost, ${wrongRows} wrong:\n${examples.join("\n")}`);
  await filesAgree(cluster);
  await allWell(cluster);
}
