import { asRingtideError, RingtideError } from "../errors.ts";

/** LevelDB's error as ours. The code may sit on the cause: opening wraps what went wrong. */
export function kvError(directory: string, operation: string, error: unknown): RingtideError {
  if (error instanceof RingtideError) return error;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = "code" in at ? at.code : undefined;
    const text = `${operation} of the key-value store in ${directory} failed: ${at.message}`;
    const options = { details: { directory, operation }, cause: error };
    if (code === "LEVEL_LOCKED")
      return new RingtideError("DATA_DIR_IN_USE", `${directory} is in use by another node`, options);
    if (code === "LEVEL_CORRUPTION") return new RingtideError("DISK_CORRUPT", text, options);
    if (code === "LEVEL_IO_ERROR") return new RingtideError(isFull(at) ? "DISK_FULL" : "DISK_IO", text, options);
  }
  return asRingtideError(error);
}

/** LevelDB passes on the system's own text only. */
function isFull(error: Error): boolean {
  return /no space left on device|disk quota exceeded/i.test(error.message);
}
