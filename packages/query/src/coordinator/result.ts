import { asRingtideError } from "@ringtide/common";
import type { ColumnBatch } from "@ringtide/tsfile";
import type { ResultColumn, ResultSet } from "../api.ts";
import { throwIfAborted } from "../operators/budget.ts";
import type { QueryRun } from "./reply.ts";

/** Batches whose end, error or `return()` closes the query, even if nothing was ever read. */
export function closingBatches(run: QueryRun, batches: AsyncGenerator<ColumnBatch>): AsyncIterable<ColumnBatch> {
  const iterator: AsyncIterator<ColumnBatch> = {
    next: async () => {
      try {
        throwIfAborted(run.options.signal);
        const step = await batches.next();
        if (step.done === true) await run.close();
        return step;
      } catch (error) {
        await run.close();
        throwIfAborted(run.options.signal);
        throw asRingtideError(error);
      }
    },
    return: async () => {
      await run.close();
      await batches.return(undefined);
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

export function emptyResult(operation: ResultSet["operation"], hasTime: boolean): Omit<ResultSet, "batches"> {
  return { columns: [], hasTime, descending: false, timesOrdered: true, operation };
}

/** A small result without time. */
export function showResult(columns: readonly ResultColumn[]): Omit<ResultSet, "batches"> {
  return { columns, hasTime: false, descending: false, timesOrdered: true, operation: "SHOW" };
}

export async function* noBatches(): AsyncGenerator<ColumnBatch> {
  // Nothing: the columns say all.
}
