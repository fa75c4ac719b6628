import type { PathPattern } from "@ringtide/common";

/** The path one node below what the pattern matches of this path, each `*` standing for one node; undefined when it does not match. */
export function childPath(pattern: PathPattern, nodes: readonly string[]): string | undefined {
  const depth = pattern.nodes.length;
  if (nodes.length <= depth) return undefined;
  const matches = pattern.nodes.every((node, at) => node === "*" || node === nodes[at]);
  return matches ? nodes.slice(0, depth + 1).join(".") : undefined;
}
