/**
 * A named function that may run in a worker thread: `module` is the URL (`import.meta.url`-relative) of a module, `name` an export of it.
 * Input and output are structured-cloned; what is in the transfer list moves without a copy.
 */
export interface ComputeTask<In, Out> {
  readonly module: string;
  readonly name: string;
  /** Never set: carries the types. */
  readonly types?: (input: In) => Out;
}

/** Heavy, pure work off the main loop. The simulated one runs it inline. */
export interface Compute {
  run<In, Out>(task: ComputeTask<In, Out>, input: In, transfer?: readonly ArrayBuffer[]): Promise<Out>;
  close(): Promise<void>;
}
