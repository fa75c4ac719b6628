import { asRingtideError } from "@ringtide/common";
import type { QueryCluster, QueryOptions, QueryStatement, ResultSet } from "../api.ts";
import { throwIfAborted } from "../operators/budget.ts";
import { planSelect } from "../plan/select.ts";
import { selectAggregates } from "./aggregate.ts";
import { selectByDevice } from "./device.ts";
import { selectFill } from "./fill.ts";
import { selectLast } from "./last.ts";
import { selectRaw } from "./raw.ts";
import { QueryRun } from "./reply.ts";
import { show } from "./show.ts";

/**
 * Runs a query over the cluster. Resolves when the columns are known; the rows come as the batches are read, which must end with their last or
 * with `return()`. Errors: SQL_SEMANTIC, TYPE_MISMATCH, PATH_INVALID, PATH_NOT_FOUND, TIME_OUT_OF_RANGE, UNSUPPORTED, QUERY_TOO_LARGE, what
 * the signal was aborted with, and what the cluster throws.
 */
export async function executeQuery(
  statement: QueryStatement,
  cluster: QueryCluster,
  options: QueryOptions,
): Promise<ResultSet> {
  const run = new QueryRun(cluster, options);
  try {
    throwIfAborted(options.signal);
    return await start(run, statement);
  } catch (error) {
    await run.close();
    throwIfAborted(options.signal);
    throw asRingtideError(error);
  }
}

async function start(run: QueryRun, statement: QueryStatement): Promise<ResultSet> {
  if (statement.kind !== "select") return show(run, statement);
  const plan = planSelect(statement, run.cluster, run.options);
  if (statement.alignByDevice) return await selectByDevice(run, plan, statement);
  if (statement.last) return await selectLast(run, plan, statement);
  if (plan.items.some((item) => item.aggregate !== undefined)) return await selectAggregates(run, plan, statement);
  if (statement.fill.length > 0) return await selectFill(run, plan, statement);
  return await selectRaw(run, plan, statement);
}
