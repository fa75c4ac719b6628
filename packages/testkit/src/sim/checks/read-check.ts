import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import { Violation } from "./violation.ts";

/** The part of a group that confirms reads. */
interface Confirming {
  readIndex(timeoutMs: number): Promise<number>;
}

/**
 * An index confirmed for a read covers all that was committed when it was asked for (thesis section 6.4). That a client reads an old value
 * needs more bad luck than this.
 */
export class ReadCheck {
  readonly #committed: (group: GroupNumber) => number;
  readonly #onViolation: (violation: Violation) => void;
  readonly #watched = new WeakSet<Confirming>();

  /** `committed` tells the last index known to be committed. A violation is not thrown at the program, which would take it for an answer. */
  constructor(committed: (group: GroupNumber) => number, onViolation: (violation: Violation) => void) {
    this.#committed = committed;
    this.#onViolation = onViolation;
  }

  /** Looks at each read of the group from now on. What is asked and answered is passed on as it is. */
  watch(node: NodeId, group: GroupNumber, raft: Confirming): void {
    if (this.#watched.has(raft)) return;
    this.#watched.add(raft);
    const readIndex = raft.readIndex.bind(raft);
    raft.readIndex = (timeoutMs) => {
      const committed = this.#committed(group);
      const confirmed = readIndex(timeoutMs);
      confirmed.then(
        (index) => this.#check(node, group, index, committed),
        () => undefined, // refused, which its caller learns
      );
      return confirmed;
    };
  }

  #check(node: NodeId, group: GroupNumber, index: number, committed: number): void {
    if (index >= committed) return;
    this.#onViolation(
      new Violation(
        "reads see what was committed before them",
        `node ${node} confirms a read of ${groupName(group)} at ${index}, ${committed} was committed when it was asked for`,
      ),
    );
  }
}
