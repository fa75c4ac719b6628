import { RingtideError } from "@ringtide/common";
import { readState } from "../local-cluster/state.ts";

/** Throws CONFIG_CONFLICT when the cluster in the directory is not the quickstart's: it removes data, and only its own. */
export function refuseForeign(directory: string): void {
  const state = readState(directory);
  if (state === undefined || state.madeBy === "quickstart") return;
  throw new RingtideError(
    "CONFIG_CONFLICT",
    `the cluster in ${directory} was not made by this quickstart, which leaves it alone: take another directory with --dir` +
      ` (sbin/local-cluster.sh stop --dir stops such a cluster)`,
  );
}
