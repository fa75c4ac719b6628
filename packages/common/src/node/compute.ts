import { Worker } from "node:worker_threads";
import { assert, RingtideError } from "../errors.ts";
import type { Compute, ComputeTask } from "../ports/index.ts";
import type { WorkerAnswer, WorkerRequest } from "./compute-worker.ts";

export interface ComputeOptions {
  /** Worker threads; started on first use. */
  readonly threads: number;
  /** Tasks that may wait for a thread; more are refused with OVERLOADED. */
  readonly maxQueued?: number;
}

const DEFAULT_MAX_QUEUED = 1024;

interface Job {
  readonly request: WorkerRequest;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: RingtideError) => void;
}

/** Runs tasks on worker threads. A thread that dies fails the task that it had, and is replaced. */
export function createCompute(options: ComputeOptions): Compute {
  assert(options.threads >= 1, "a pool needs a thread");
  return new WorkerPool(options.threads, options.maxQueued ?? DEFAULT_MAX_QUEUED);
}

class WorkerPool implements Compute {
  readonly #threads: number;
  readonly #maxQueued: number;
  readonly #queue: Job[] = [];
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(threads: number, maxQueued: number) {
    this.#threads = threads;
    this.#maxQueued = maxQueued;
  }

  run<In, Out>(task: ComputeTask<In, Out>, input: In, transfer: readonly ArrayBuffer[] = []): Promise<Out> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw new RingtideError("SHUTTING_DOWN", "the worker threads are stopping");
      if (this.#queue.length >= this.#maxQueued)
        throw new RingtideError("OVERLOADED", `${this.#maxQueued} tasks wait for a worker thread`);
      const request: WorkerRequest = { module: task.module, name: task.name, input };
      this.#queue.push({ request, transfer, resolve: (output) => resolve(output as Out), reject });
      this.#dispatch();
    });
  }

  /** Lets what was accepted finish, then ends the threads. */
  async close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#finishIfDone();
    await this.#closed.promise;
    await Promise.all(Array.from(this.#all, (thread) => thread.end()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop() ?? this.#start();
      if (thread === undefined) return;
      const job = this.#queue.shift();
      if (job !== undefined) thread.take(job);
    }
    this.#finishIfDone();
  }

  #start(): Thread | undefined {
    if (this.#all.size === this.#threads) return undefined;
    const thread = new Thread({
      free: () => {
        this.#idle.push(thread);
        this.#dispatch();
      },
      gone: () => {
        this.#all.delete(thread);
        const at = this.#idle.indexOf(thread);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#dispatch();
      },
    });
    this.#all.add(thread);
    return thread;
  }

  #finishIfDone(): void {
    if (this.#queue.length === 0 && this.#idle.length === this.#all.size) this.#closed?.resolve();
  }
}

/** One worker thread and the job that it has. */
class Thread {
  readonly #worker = new Worker(new URL("./compute-worker.ts", import.meta.url));
  readonly #events: { readonly free: () => void; readonly gone: () => void };
  #job: Job | undefined;

  constructor(events: { readonly free: () => void; readonly gone: () => void }) {
    this.#events = events;
    // A thread without work does not keep the process alive.
    this.#worker.unref();
    this.#worker.on("message", (answer: WorkerAnswer) => this.#finish((job) => settle(job, answer)));
    this.#worker.on("messageerror", (error) => this.#finish((job) => job.reject(crashed(job, error))));
    let cause: unknown;
    this.#worker.on("error", (error) => {
      cause = error;
    });
    this.#worker.on("exit", () => {
      const job = this.#job;
      this.#job = undefined;
      job?.reject(crashed(job, cause));
      this.#events.gone();
    });
  }

  take(job: Job): void {
    this.#job = job;
    this.#worker.ref();
    try {
      this.#worker.postMessage(job.request, job.transfer);
    } catch (error) {
      // What cannot be cloned never left: the thread is as free as before.
      this.#finish(() => job.reject(new RingtideError("INTERNAL", `input of ${job.request.name}: ${error}`)));
    }
  }

  #finish(settleJob: (job: Job) => void): void {
    const job = this.#job;
    this.#job = undefined;
    this.#worker.unref();
    if (job !== undefined) settleJob(job);
    this.#events.free();
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

function settle(job: Job, answer: WorkerAnswer): void {
  if (answer.ok) job.resolve(answer.output);
  else job.reject(new RingtideError(answer.code, answer.message, { details: answer.details }));
}

function crashed(job: Job, cause: unknown): RingtideError {
  return new RingtideError("INTERNAL", `the worker thread that ran ${job.request.name} ended: ${cause ?? "no error"}`, {
    cause,
  });
}
