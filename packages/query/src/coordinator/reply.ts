import { type GroupNumber, RingtideError } from "@ringtide/common";
import type { ColumnBatch } from "@ringtide/tsfile";
import type { QueryCluster, QueryOptions } from "../api.ts";
import { MemoryBudget, throwIfAborted } from "../operators/budget.ts";
import { seriesBytes } from "../plan/series.ts";
import { encodeFragment, type Fragment } from "../wire/fragment.ts";
import { decodeMessage, type ResolvedSeries } from "../wire/message.ts";

/** Made once: every query ends with it, and nobody asks where. */
const CLOSED = new RingtideError("QUERY_CANCELLED", "the result was closed");

/** A fragment before it is known how its rows travel. */
export type Asked = Omit<Fragment, "compact">;

interface Rows {
  readonly device: number;
  readonly batch: ColumnBatch;
}

/** What one query holds in the cluster: its memory and the replies of groups; `close` ends them. */
export class QueryRun {
  readonly cluster: QueryCluster;
  readonly options: QueryOptions;
  readonly budget: MemoryBudget;
  /** Aborted when the caller's signal is, and when the query is over. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #replies: GroupReply[] = [];

  constructor(cluster: QueryCluster, options: QueryOptions) {
    this.cluster = cluster;
    this.options = options;
    this.budget = new MemoryBudget(options.maxMemoryBytes);
    this.signal = AbortSignal.any([options.signal, this.#over.signal]);
  }

  /** Starts the fragments at their groups; resolves when each has named its series. */
  async openSelect(fragments: ReadonlyMap<GroupNumber, Asked>): Promise<GroupReply[]> {
    const replies = this.open(fragments);
    await Promise.all(replies.map((reply) => reply.readSeries()));
    return replies;
  }

  open(fragments: ReadonlyMap<GroupNumber, Asked>): GroupReply[] {
    const replies = [...fragments].map(([group, fragment]) => {
      const { deadline } = this.options;
      const compact = this.cluster.isLocal?.(group) !== true;
      const messages = this.cluster.run(group, encodeFragment({ ...fragment, compact }), {
        deadline,
        signal: this.signal,
      });
      return new GroupReply(group, messages, this);
    });
    this.#replies.push(...replies);
    return replies;
  }

  /** Fragments that are the same for all groups. */
  openAll(groups: readonly GroupNumber[], fragment: Asked): GroupReply[] {
    return this.open(new Map(groups.map((group) => [group, fragment])));
  }

  async close(): Promise<void> {
    this.#over.abort(CLOSED);
    await Promise.all(this.#replies.map((reply) => reply.close()));
  }
}

type Step = { readonly bytes: Uint8Array | undefined } | { readonly error: unknown };

/** The messages of one group, one read ahead. */
export class GroupReply {
  readonly group: GroupNumber;
  readonly #messages: AsyncIterator<Uint8Array>;
  readonly #run: QueryRun;
  #series: ResolvedSeries[] = [];
  #ahead: Promise<Step> | undefined;
  #peeked: Rows | undefined;
  #ended = false;

  constructor(group: GroupNumber, messages: AsyncIterable<Uint8Array>, run: QueryRun) {
    this.group = group;
    this.#messages = messages[Symbol.asyncIterator]();
    this.#run = run;
    this.#ahead = this.#pull();
  }

  /** The group's series, in path order. */
  get series(): readonly ResolvedSeries[] {
    return this.#series;
  }

  async readSeries(): Promise<void> {
    for (;;) {
      const bytes = await this.#next();
      const message = bytes === undefined ? undefined : decodeMessage(bytes);
      if (message?.kind !== "series") {
        throw new RingtideError("FRAME_MALFORMED", `group ${this.group} answered a query without naming its series`);
      }
      for (const series of message.series) this.#run.budget.reserve(seriesBytes(series));
      this.#series = this.#series.concat(message.series);
      if (message.last) return;
    }
  }

  async nextRows(): Promise<Rows | undefined> {
    const rows = await this.peekRows();
    this.#peeked = undefined;
    return rows;
  }

  /** What nextRows will return. */
  async peekRows(): Promise<Rows | undefined> {
    if (this.#peeked !== undefined) return this.#peeked;
    const bytes = await this.#next();
    if (bytes === undefined) return undefined;
    const message = decodeMessage(bytes);
    if (message.kind !== "rows") {
      throw new RingtideError("FRAME_MALFORMED", `group ${this.group} named series again among its rows`);
    }
    this.#peeked = message;
    return message;
  }

  async *batches(): AsyncGenerator<ColumnBatch> {
    for (;;) {
      const rows = await this.nextRows();
      if (rows === undefined) return;
      yield rows.batch;
    }
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#ahead;
    await this.#messages.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    throwIfAborted(this.#run.options.signal);
    if (this.#ended) return undefined;
    const step = await (this.#ahead ?? this.#pull());
    this.#ahead = undefined;
    throwIfAborted(this.#run.options.signal);
    if ("error" in step) throw step.error;
    if (step.bytes === undefined) {
      this.#ended = true;
      return undefined;
    }
    this.#run.budget.release(step.bytes.length);
    this.#ahead = this.#pull();
    return step.bytes;
  }

  /** Never rejects: an error waits here until somebody asks for the message. */
  async #pull(): Promise<Step> {
    try {
      const next = await this.#messages.next();
      if (next.done === true) return { bytes: undefined };
      this.#run.budget.reserve(next.value.length);
      return { bytes: next.value };
    } catch (error) {
      return { error };
    }
  }
}
