import { RingtideError } from "@ringtide/common";

export type OperationKind = "write" | "read" | "delete";

/** What one client did to one point (series @ time), and what came of it. Times in ns since the run began, monotonic. */
export interface Operation {
  readonly client: number;
  readonly op: OperationKind;
  /** `root.h.d1.v@1000` */
  readonly key: string;
  /** Written, or read; null for a delete and where a read found nothing. */
  readonly value: number | null;
  readonly call: number;
  /** Null: the outcome is unknown. It may take effect at any time after its call, or never. */
  readonly return: number | null;
  /** Set for what certainly had no effect. */
  readonly ok?: false;
}

/**
 * Throws FRAME_MALFORMED unless each value is written to a key once: which write a read has seen would not be known, and the checker
 * stands on it. `nameOf` says where operation i is.
 */
export function requireUniqueWrites(operations: readonly Operation[], nameOf: (i: number) => string): void {
  const writers = new Map<string, Map<number, number>>();
  operations.forEach(({ op, key, value }, i) => {
    if (op !== "write" || value === null) return;
    const byValue = writers.get(key) ?? new Map<number, number>();
    writers.set(key, byValue);
    const first = byValue.get(value);
    if (first !== undefined)
      throw new RingtideError(
        "FRAME_MALFORMED",
        `${nameOf(i)}: ${value} was written to ${key} before, at ${nameOf(first)}; each value may be written to a key once`,
      );
    byValue.set(value, i);
  });
}

/** `client 3 writes 42`, for messages. */
export function describeOperation({ client, op, value, return: returned }: Operation): string {
  if (op === "delete") return `client ${client} deletes`;
  if (op === "read" && returned === null) return `client ${client} reads`;
  return `client ${client} ${op}s ${value ?? "nothing"}`;
}
