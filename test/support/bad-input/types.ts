import type { ErrorCode } from "@ringtide/common";
import type { Door, Target } from "./target.ts";

/** Bad input to a running cluster. */
export interface OnlineCase {
  readonly name: string;
  /** The stable code of the refusal; undefined where there is nothing to refuse, only something to bear. */
  readonly code: ErrorCode | undefined;
  /** What the message has to say; the place of the fault, or the value. */
  readonly says?: RegExp;
  /**
   * Entries that it adds to the logs of the data groups: 0 unless it is a well-formed request that only the replicated state can
   * refuse.
   */
  readonly entries?: number;
  /** The port whose node has to write a line with FRAME_MALFORMED into its log. */
  readonly logs?: { readonly node: number; readonly door: Door };
  readonly send: (target: Target) => Promise<unknown>;
}
