import type { Clock, Logger, NodeId } from "@ringtide/common";
import { asRingtideError, CLUSTER_SESSION, META_GROUP, sleep } from "@ringtide/common";
import { encodeCommand } from "@ringtide/engine";
import type { Coordinator } from "./coordinator.ts";
import type { MetaState } from "./meta-state.ts";
import type { NodeStatus } from "./status.ts";

interface DropTaskParts {
  readonly state: MetaState;
  readonly coordinator: Coordinator;
  /** Undefined for a member that does not answer. */
  readonly statuses: () => Promise<ReadonlyMap<NodeId, NodeStatus | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KNOWN_POLL_MS = 20;
/** A member that answers but lags for longer is not waited for. */
const KNOWN_LIMIT_MS = 2000;

/**
 * Carries decisions of the meta group into the data groups: a deleted storage group is dropped by an entry of each group's own log,
 * then the meta group is told. Runs at the meta leader. A step may be repeated, by a former leader too and late: the number of the deletion
 * keeps a repeat from dropping what was written to a storage group that was made again since.
 */
export class DropTask {
  readonly #parts: DropTaskParts;
  #running = false;

  constructor(parts: DropTaskParts) {
    this.#parts = parts;
  }

  /** Starts a round when there is something to drop and none is under way. */
  tick(): void {
    if (this.#running || this.#parts.state.drops.length === 0) return;
    this.#running = true;
    this.#round()
      .catch((error: unknown) => {
        const known = asRingtideError(error);
        this.#parts.logger.warn("dropping a storage group is tried again", { code: known.code, reason: known.message });
      })
      .finally(() => {
        this.#running = false;
      });
  }

  async #round(): Promise<void> {
    const { state, coordinator } = this.#parts;
    const { drops, appliedIndex } = state;
    await this.#knownEverywhere(appliedIndex);
    for (const { path, number } of drops) {
      const request = { session: CLUSTER_SESSION, sequence: number, acknowledged: number - 1, retry: false };
      const payload = encodeCommand(request, { kind: "dropStorageGroup", storageGroup: path });
      for (const { group } of state.table.groups) await coordinator.write(group, request, () => payload);
      await coordinator.writeMeta(undefined, { kind: "dropDone", path, number });
    }
  }

  /**
   * Waits until every member that answers knows of the deletion. One that does not would go on to take inserts for the storage group, and
   * those behind the drop would make series that lie in none.
   */
  async #knownEverywhere(index: number): Promise<void> {
    const { statuses, clock } = this.#parts;
    const untilMs = clock.monotonicMs() + KNOWN_LIMIT_MS;
    while (clock.monotonicMs() < untilMs) {
      const lags = [...(await statuses()).values()].some((status) => {
        const meta = status?.replicas.find(({ group }) => group === META_GROUP);
        return meta !== undefined && meta.appliedIndex < index;
      });
      if (!lags) return;
      await sleep(clock, KNOWN_POLL_MS);
    }
  }
}
