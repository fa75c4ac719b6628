import type { RingtideError } from "@ringtide/common";
import { Violation } from "./checks/violation.ts";
import type { Coverage } from "./coverage.ts";
import type { FaultKind } from "./faults/fault.ts";

/** What may end a node's process, and the fault that excuses it. */
const EXCUSES: Readonly<Record<string, { readonly faults: readonly FaultKind[]; readonly counts: string }>> = {
  DISK_IO: { faults: ["write error", "sync error"], counts: "node ended by a disk error" },
  DISK_FULL: { faults: ["disk full"], counts: "node did not start on a full disk" },
  ALREADY_FORMED: { faults: ["empty disk"], counts: "stranger refused" },
  NODE_MISMATCH: { faults: ["empty disk"], counts: "stranger refused" },
};

/** A process that ended by itself: only where the seed's faults excuse it. */
export function judgeEnd(
  name: string,
  error: RingtideError,
  happened: ReadonlyMap<FaultKind, number>,
  coverage: Coverage,
): void {
  const excuse = EXCUSES[error.code];
  if (excuse === undefined || !excuse.faults.some((kind) => happened.has(kind)))
    throw new Violation("no node ends without a reason", `${name}: ${error.code}: ${error.message}\n${error.stack}`);
  coverage.add(excuse.counts);
}
