import { parentPort } from "node:worker_threads";
import { asRingtideError, assert, type ErrorCode } from "../errors.ts";
import { loadTask } from "../inline-compute.ts";

export interface WorkerRequest {
  readonly module: string;
  readonly name: string;
  readonly input: unknown;
}

export type WorkerAnswer =
  | { readonly ok: true; readonly output: unknown }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

const port = parentPort;
assert(port !== null, "this module is the body of a worker thread");

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    const run = await loadTask(request);
    return { ok: true, output: await run(request.input) };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): WorkerAnswer {
  const { code, message, details } = asRingtideError(error);
  return { ok: false, code, message, details };
}

port.on("message", (request: WorkerRequest) => {
  void answer(request).then((result) => {
    try {
      port.postMessage(result);
    } catch (error) {
      // The output cannot be cloned.
      port.postMessage(failure(error));
    }
  });
});
