import type { ClusterNode, ClusterOptions, Served } from "@ringtide/cluster";
import { Deadline } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";

/** Group of node 1 in a fresh cluster. */
export const GROUP = 16;
const DEVICE = "root.a.d";

/** A fragment of these tests: the last value of the one series, or nothing. */
export const readLast: ClusterOptions["runFragment"] = async function* (_fragment, reader) {
  const isThere = reader.schema.find(DEVICE, "s") !== undefined;
  const point = isThere ? await reader.last(DEVICE, "s") : undefined;
  yield new TextEncoder().encode(point === undefined ? "" : String(point.value));
};

/** Writes value = time through this node. */
export async function write(node: ClusterNode, time: number, group = GROUP): Promise<void> {
  const values = [{ kind: "integer", value: BigInt(time) }] as const;
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: DEVICE, time: BigInt(time), measurements: ["s"], values }],
  });
  await node.cluster.coordinator.write(group, undefined, () => payload);
}

/** What a read through this node answers, and who served it. */
export async function read(
  node: ClusterNode,
  consistency: "strong" | "mid" | "weak",
  timeoutMs = 10_000,
  group = GROUP,
): Promise<{ readonly value: string; readonly served: Served | undefined }> {
  let served: Served | undefined;
  let value = "";
  const messages = node.cluster.coordinator.reader.read(group, new Uint8Array([1]), {
    consistency,
    deadline: new Deadline(systemClock, timeoutMs),
    signal: new AbortController().signal,
    onServed: (place) => {
      served = place;
    },
  });
  for await (const message of messages) value += new TextDecoder().decode(message);
  return { value, served };
}
