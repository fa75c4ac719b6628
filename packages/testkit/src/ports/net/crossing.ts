import { asRingtideError, detailsJson, parseDetails, RingtideError } from "@ringtide/common";

/** An error as it arrives at the other side of a connection: code, message and details, and nothing else. */
export function crossing(thrown: unknown): RingtideError {
  const error = asRingtideError(thrown);
  return new RingtideError(error.code, error.message, { details: parseDetails(detailsJson(error)) });
}
