import { RingtideError } from "@ringtide/common";

/** A BLOCK_MALFORMED error; `problem` says what is wrong and where. */
export function malformed(problem: string): RingtideError {
  return new RingtideError("BLOCK_MALFORMED", `malformed block: ${problem}`);
}
