import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Session } from "@ringtide/client";
import { eventually } from "../../support/cluster.ts";
import type { Cluster } from "./cluster.ts";
import { type Load, type LoadWriter, textAt, valueAt } from "./load.ts";

const AGREE_MS = 60_000;
const PAGE_ROWS = 20_000;
const MAX_EXAMPLES = 10;

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
    if (examples.length < MAX_EXAMPLES) examples.push(text);
  };
  for (const address of cluster.addresses) {
    const session = await connect({ addresses: [address] });
    try {
      for (const writer of load.writers)
        for (let from = 1; from <= writer.lastTime; from += PAGE_ROWS) {
          const to = from + PAGE_ROWS;
          const rows = await rowsAt(session, writer, from, to);
          for (const [time, isRight] of rows) {
            if (isRight) continue;
            wrongRows++;
            note(`${writer.device} at ${time} on ${address}: another value than was written`);
          }
          for (const time of writer.acknowledgedTimes(from, to)) {
            if (rows.has(time)) continue;
            lostRows++;
            note(`${writer.device} at ${time} on ${address}: acknowledged, not found`);
          }
        }
    } finally {
      await session.close();
    }
  }
  return { lostRows, wrongRows, examples };
}

/** Rows of a writer's device as one node has them itself, times from `from` on and before `to`: whether each has the value of its time. */
async function rowsAt(
  session: Session,
  { device, textBytes }: LoadWriter,
  from: number,
  to: number,
): Promise<Map<number, boolean>> {
  const columns = textBytes > 0 ? "v, pad" : "v";
  const sql = `SELECT ${columns} FROM ${device} WHERE time >= ${from} AND time < ${to}`;
  const result = await session.execute(sql, { consistency: "weak" });
  const rows = new Map<number, boolean>();
  for await (const { time, values } of result) {
    const at = Number(time);
    const [value, text] = values;
    rows.set(at, value === valueAt(at) && (textBytes === 0 || text === textAt(at, textBytes)));
  }
  if (result.served !== "local")
    throw new Error(`${device} was read at ${result.served}, not from the node's own data`);
  return rows;
}

/** Flushes, and waits until the replicas of every group have the same files, byte for byte. Returns how many files a node has. */
export async function filesAgree(cluster: Cluster, timeoutMs = AGREE_MS): Promise<number> {
  const session = await connect({ addresses: cluster.addresses });
  try {
    await session.execute("FLUSH");
  } finally {
    await session.close();
  }
  await cluster.caughtUp();
  let files: string[][] = [];
  await eventually("replicas have the same files", timeoutMs, () => {
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
