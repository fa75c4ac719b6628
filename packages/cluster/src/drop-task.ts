import type { Logger } from "@ringtide/common";
import { asRingtideError } from "@ringtide/common";
import { encodeCommand } from "@ringtide/engine";
import type { Coordinator } from "./coordinator.ts";
import type { MetaState } from "./meta-state.ts";

/**
 * Carries decisions of the meta group into the data groups: a deleted storage group is dropped by an entry of each group's own log,
 * then the meta group is told. Runs at the meta leader; repeating a step is harmless.
 */
export class DropTask {
  readonly #state: MetaState;
  readonly #coordinator: Coordinator;
  readonly #logger: Logger;
  #running = false;

  constructor(state: MetaState, coordinator: Coordinator, logger: Logger) {
    this.#state = state;
    this.#coordinator = coordinator;
    this.#logger = logger;
  }

  /** Starts a round when there is something to drop and none is under way. */
  tick(): void {
    if (this.#running || this.#state.drops.length === 0) return;
    this.#running = true;
    this.#round()
      .catch((error: unknown) => {
        const known = asRingtideError(error);
        this.#logger.warn("dropping a storage group is tried again", { code: known.code, reason: known.message });
      })
      .finally(() => {
        this.#running = false;
      });
  }

  async #round(): Promise<void> {
    for (const storageGroup of this.#state.drops) {
      const payload = encodeCommand(undefined, { kind: "dropStorageGroup", storageGroup });
      for (const { group } of this.#state.table.groups) await this.#coordinator.write(group, undefined, () => payload);
      await this.#coordinator.writeMeta(undefined, { kind: "dropDone", path: storageGroup });
    }
  }
}
