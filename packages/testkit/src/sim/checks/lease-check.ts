import { type Clock, type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import type { ReplicaView } from "./replica-view.ts";
import { Violation } from "./violation.ts";

/** What a process of a node may still serve reads by: its own clock says for how long. */
interface Lease {
  readonly term: number;
  readonly untilMs: number;
  readonly clock: Clock;
}

/** Nobody is elected while the leader of an earlier term holds a lease: a read that it serves would not see what the new one commits. */
export class LeaseCheck {
  readonly #elected = new Map<GroupNumber, { readonly node: NodeId; readonly term: number }>();
  readonly #leases = new Map<GroupNumber, Map<NodeId, Lease>>();

  observe({ node, group, status, clock }: ReplicaView): void {
    const { role, term, leaseUntilMs } = status;
    if (role !== "leader") {
      this.forget(node, group);
      return;
    }
    let leases = this.#leases.get(group);
    if (leases === undefined) {
      leases = new Map();
      this.#leases.set(group, leases);
    }
    leases.set(node, { term, untilMs: leaseUntilMs, clock });
    const elected = this.#elected.get(group);
    if (elected !== undefined && term < elected.term) this.#check(node, group, elected);
    else if (elected?.term !== term) {
      this.#elected.set(group, { node, term });
      for (const other of leases.keys()) if (other !== node) this.#check(other, group, { node, term });
    }
  }

  /** The replica does not lead any more, or its process ended. */
  forget(node: NodeId, group: GroupNumber): void {
    this.#leases.get(group)?.delete(node);
  }

  /** The process of a node ended, and its leases with it. */
  ended(node: NodeId): void {
    for (const leases of this.#leases.values()) leases.delete(node);
  }

  #check(node: NodeId, group: GroupNumber, elected: { readonly node: NodeId; readonly term: number }): void {
    const lease = this.#leases.get(group)?.get(node);
    if (lease === undefined) return;
    const leftMs = lease.untilMs - lease.clock.monotonicMs();
    if (leftMs > 0)
      throw new Violation(
        "no election under a lease",
        `node ${node} may serve reads of ${groupName(group)} for ${leftMs.toFixed(1)} ms by its lease of term ${lease.term}, and node ${elected.node} was elected in term ${elected.term}`,
      );
  }
}
