import type { GroupNumber, NodeId } from "@ringtide/common";
import { type ReplicaView, where } from "./replica-view.ts";
import { Violation } from "./violation.ts";

/** A replica that lost entries, as it was last seen. */
interface Distrusted {
  readonly term: number;
  readonly vote: NodeId;
}

/** A replica that lost entries votes for nobody until it has again all that it may have been counted for. */
export class TrustCheck {
  /** Committed when the process before this one ended: the replica may have been counted for all of it. */
  readonly #committedBefore = new Map<string, number>();
  readonly #distrusted = new Map<string, Distrusted>();

  /** The process of a replica ended. */
  ended(node: NodeId, group: GroupNumber, committed: number): void {
    const key = `${node}/${group}`;
    this.#committedBefore.set(key, committed);
    this.#distrusted.delete(key);
  }

  /** `lacks`: the first committed entry up to an index that the replica should have on its disk, and has not. */
  observe(view: ReplicaView, lacks: (through: number) => number | undefined): void {
    const { node, group, status } = view;
    const { term, vote, mayVote } = status;
    const key = `${node}/${group}`;
    const before = this.#distrusted.get(key);
    if (!mayVote) {
      if (before !== undefined && vote !== 0 && (term !== before.term || vote !== before.vote))
        throw new Violation("no vote by a damaged log", `${where(view)} voted for node ${vote}, and may not vote`);
      this.#distrusted.set(key, { term, vote });
      return;
    }
    if (before === undefined) return;
    this.#distrusted.delete(key);
    const index = lacks(this.#committedBefore.get(key) ?? 0);
    if (index !== undefined)
      throw new Violation("no vote by a damaged log", `${where(view)} may vote again, and lacks ${index}`);
  }
}
