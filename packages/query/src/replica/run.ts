import { asRingtideError } from "@ringtide/common";
import type { EngineReader } from "@ringtide/engine";
import { MemoryBudget, throwIfAborted } from "../operators/budget.ts";
import { decodeFragment } from "../wire/fragment.ts";
import { encodeSeries } from "../wire/message.ts";
import { runAggregate } from "./aggregate.ts";
import { countSeries, listChildren, listDevices, listSeries } from "./browse.ts";
import type { ReplicaContext } from "./context.ts";
import { runFill } from "./fill.ts";
import { runLast } from "./last.ts";
import { runRaw } from "./raw.ts";
import { resolveSeries } from "./resolve.ts";

/**
 * At the replica: runs a fragment against its storage. The first messages of a SELECT name the group's series; all messages are bounded in
 * size. `pause` gives the main loop a turn: it is awaited in loops over many series. Errors: FRAME_MALFORMED, FORMAT_UNKNOWN for what is no fragment; QUERY_TOO_LARGE; what the signal was aborted with.
 */
export async function* runFragment(
  fragment: Uint8Array,
  reader: EngineReader,
  signal: AbortSignal,
  pause: () => Promise<void> = () => Promise.resolve(),
): AsyncGenerator<Uint8Array> {
  const decoded = decodeFragment(fragment);
  const context = { fragment: decoded, reader, budget: new MemoryBudget(decoded.maxMemoryBytes), signal, pause };
  try {
    for await (const message of messagesOf(context)) {
      throwIfAborted(signal);
      yield message;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw asRingtideError(error);
  }
}

async function* messagesOf(context: ReplicaContext): AsyncGenerator<Uint8Array> {
  const { operation } = context.fragment;
  switch (operation.kind) {
    case "listSeries":
      yield* listSeries(context, operation.limit);
      return;
    case "listDevices":
      yield* listDevices(context, operation.limit);
      return;
    case "listChildren":
      yield* listChildren(context);
      return;
    case "count":
      yield* countSeries(context, operation.level);
      return;
    case "raw":
    case "aggregate":
    case "last":
    case "fill":
      yield* selectMessages(context, operation);
      return;
  }
}

type SelectOperation = Exclude<
  ReplicaContext["fragment"]["operation"],
  { kind: "listSeries" | "listDevices" | "listChildren" | "count" }
>;

async function* selectMessages(context: ReplicaContext, operation: SelectOperation): AsyncGenerator<Uint8Array> {
  const series = await resolveSeries(context);
  yield* encodeSeries(series);
  switch (operation.kind) {
    case "raw":
      yield* runRaw(context, operation, series);
      return;
    case "aggregate":
      yield* runAggregate(context, operation, series);
      return;
    case "last":
      yield* runLast(context, series);
      return;
    case "fill":
      yield* runFill(context, operation, series);
      return;
  }
}
