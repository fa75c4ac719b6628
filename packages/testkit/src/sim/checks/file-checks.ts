import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import { Violation } from "./violation.ts";

/** Same log, same files: a data file of one name has one digest, wherever and whenever it is seen. */
export class FileChecks {
  readonly #digests = new Map<string, { readonly node: NodeId; readonly digest: string }>();

  observe(
    node: NodeId,
    group: GroupNumber,
    files: readonly { readonly name: string; readonly digest: string }[],
  ): void {
    for (const { name, digest } of files) {
      const key = `${group}/${name}`;
      const known = this.#digests.get(key);
      if (known === undefined) this.#digests.set(key, { node, digest });
      else if (known.digest !== digest)
        throw new Violation(
          "identical replicas",
          `${name} of ${groupName(group)} is ${digest} on node ${node} and ${known.digest} on node ${known.node}`,
        );
    }
  }

  get fileCount(): number {
    return this.#digests.size;
  }
}
