import type { Consistency, Served } from "@ringtide/cluster";
import { Deadline, type GroupNumber, hasCode, type PathPattern, RingtideError, slotOf } from "@ringtide/common";
import type { QueryCluster, QueryStatement, ResultSet } from "@ringtide/query";
import { executeQuery } from "@ringtide/query";
import type { ColumnBatch } from "@ringtide/tsfile";
import type { SessionServiceOptions } from "./options.ts";
import type { QueryGate } from "./query-gate.ts";
import type { StatementRequest, StatementResult } from "./service.ts";
import type { Session } from "./session.ts";

/** How good the place was that served; a query over several groups is as good as its worst. */
const RANK: Record<Served, number> = { leader: 0, local: 1, replica: 2 };

/** These show storage groups, which this node's copy of the meta state has: it may lag behind the meta leader's. */
const READS_STORAGE_GROUPS: ReadonlySet<QueryStatement["kind"]> = new Set([
  "showStorageGroup",
  "showTimeseries",
  "showChildPaths",
]);

/** Runs the statements that answer with rows. */
export class Queries {
  readonly #options: SessionServiceOptions;
  readonly #gate: QueryGate;

  constructor(options: SessionServiceOptions, gate: QueryGate) {
    this.#options = options;
    this.#gate = gate;
  }

  async run(
    session: Session,
    statement: QueryStatement,
    request: StatementRequest,
    now: bigint,
  ): Promise<StatementResult> {
    const { clock, precision, queryMemoryBytes } = this.#options;
    const consistency = request.consistency ?? this.#options.defaultConsistency;
    const abort = new AbortController();
    session.begin(request.statementId, abort);
    const timeoutMs = request.timeoutMs > 0 ? request.timeoutMs : this.#options.queryTimeoutMs;
    const deadline = new Deadline(clock, timeoutMs);
    const timer = clock.setTimer(timeoutMs, () => {
      abort.abort(new RingtideError("QUERY_TIMEOUT", `the query took longer than ${timeoutMs} ms`));
    });
    const onGone = () => abort.abort(new RingtideError("QUERY_CANCELLED", "the caller went away"));
    request.signal.addEventListener("abort", onGone, { once: true });
    let leave: (() => void) | undefined;
    const finish = () => {
      timer.cancel();
      request.signal.removeEventListener("abort", onGone);
      leave?.();
      session.end(request.statementId);
    };
    try {
      leave = await this.#gate.enter(abort.signal);
      let served: Served | "" = "";
      const onServed = (place: Served) => {
        if (served === "" || RANK[place] > RANK[served]) served = place;
      };
      if (READS_STORAGE_GROUPS.has(statement.kind))
        onServed(await this.#options.cluster.coordinator.catchUpMeta(consistency, deadline, abort.signal));
      // A door whose client went away may never read the rows: the time-out ends the bookkeeping too.
      abort.signal.addEventListener("abort", finish, { once: true });
      const cluster = this.#view(consistency, onServed);
      const rows = await executeQuery(statement, cluster, {
        now,
        maxMemoryBytes: queryMemoryBytes,
        deadline,
        signal: abort.signal,
        precision,
        zone: session.zone,
      });
      const batches = finally_(rows.batches, abort.signal, deadline, finish);
      return { kind: "rows", rows: { ...rows, batches } satisfies ResultSet, served: () => served };
    } catch (error) {
      finish();
      throw endOf(error, abort.signal, deadline);
    }
  }

  #view(consistency: Consistency, onServed: (served: Served) => void): QueryCluster {
    const { cluster, slotStrategy } = this.#options;
    const { table } = cluster.metaState;
    const { reader } = cluster.coordinator;
    return {
      groupsOf: (patterns) =>
        groupsOf(
          patterns,
          (device) => table.groupOfSlot(slotOf(device, slotStrategy)),
          table.groups.map((plan) => plan.group),
        ),
      run: (group, fragment, { deadline, signal }) =>
        reader.read(group, fragment, { consistency, deadline, signal, onServed }),
      isLocal: (group) => reader.readsHere(group, consistency),
      storageGroups: () => cluster.metaState.storageGroups,
    };
  }
}

/** The groups that can hold devices of the patterns: one for an exact device, all for anything with a wildcard. */
function groupsOf(
  devices: readonly PathPattern[],
  groupOfDevice: (device: string) => GroupNumber,
  all: readonly GroupNumber[],
): readonly GroupNumber[] {
  if (!devices.every((device) => device.isExact)) return all;
  return [...new Set(devices.map((device) => groupOfDevice(device.text)))];
}

/** Ends the query's bookkeeping when its rows were read, given up or failed. */
async function* finally_(
  batches: AsyncIterable<ColumnBatch>,
  signal: AbortSignal,
  deadline: Deadline,
  finish: () => void,
): AsyncGenerator<ColumnBatch> {
  try {
    yield* batches;
  } catch (error) {
    throw endOf(error, signal, deadline);
  } finally {
    finish();
  }
}

/** What the caller learns: a call to another node takes what is left of the query's time, and may notice first that it is over. */
function endOf(error: unknown, signal: AbortSignal, deadline: Deadline): unknown {
  if (signal.aborted) return signal.reason;
  if (!deadline.isOver || !hasCode(error, "NET_TIMEOUT")) return error;
  return new RingtideError("QUERY_TIMEOUT", `the query took longer than ${deadline.timeoutMs} ms`, { cause: error });
}
