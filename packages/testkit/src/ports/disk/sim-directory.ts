import type { SeededRandom } from "../../random/seeded-random.ts";
import type { KvStore } from "../kv/kv-store.ts";
import { SimFile } from "./sim-file.ts";

export type Entry = SimFile | SimDirectory;

/** Names as programs see them, and as they would be after the loss of power if no pending change of them survived. */
export class SimDirectory {
  readonly names = new Map<string, Entry>();
  readonly durable = new Map<string, Entry>();
  /** The key-value store that lives in this directory. */
  kv: KvStore | undefined;
}

/** One name that a change sets, or removes (without an entry). */
export interface NamePart {
  readonly directory: SimDirectory;
  readonly name: string;
  readonly entry: Entry | undefined;
}

interface NameChange {
  readonly number: number;
  parts: readonly NamePart[];
}

/** Changes of names that are not durable yet, in their order. What one change does in one moment survives as a whole or not at all. */
export class NameJournal {
  #pending: NameChange[] = [];
  #last = 0;

  /** Makes the change visible. */
  change(...parts: readonly NamePart[]): void {
    for (const part of parts) {
      const replaced = part.directory.names.get(part.name);
      if (replaced instanceof SimFile) replaced.links--;
      if (part.entry instanceof SimFile) part.entry.links++;
      set(part.directory.names, part);
    }
    this.#pending.push({ number: ++this.#last, parts });
  }

  /** A sync of the directory begins. Returns what to call when it is done. */
  beginSync(directory: SimDirectory): () => void {
    const covered = this.#last;
    return () => {
      for (const change of this.#pending) {
        if (change.number > covered) break;
        const kept: NamePart[] = [];
        for (const part of change.parts) {
          if (part.directory === directory) set(directory.durable, part);
          else kept.push(part);
        }
        change.parts = kept;
      }
      this.#pending = this.#pending.filter((change) => change.parts.length > 0);
    };
  }

  /** The power fails: any pending changes survive, and the names are what is durable then. */
  loseUnsynced(random: SeededRandom): void {
    const survival = random.unit();
    const touched = new Set<SimDirectory>();
    for (const { parts } of this.#pending) {
      const survives = random.chance(survival);
      for (const part of parts) {
        touched.add(part.directory);
        if (survives) set(part.directory.durable, part);
      }
    }
    for (const directory of touched) {
      directory.names.clear();
      for (const [name, entry] of directory.durable) directory.names.set(name, entry);
    }
    this.#pending = [];
  }

  /** Takes all names as they are for durable. */
  settle(): void {
    for (const { parts } of this.#pending) for (const part of parts) set(part.directory.durable, part);
    this.#pending = [];
  }

  get pendingChanges(): number {
    return this.#pending.length;
  }
}

function set(names: Map<string, Entry>, { name, entry }: NamePart): void {
  if (entry === undefined) names.delete(name);
  else names.set(name, entry);
}
