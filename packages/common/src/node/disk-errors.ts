import { asRingtideError, type ErrorCode, RingtideError } from "../errors.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "DISK_NOT_FOUND",
  EEXIST: "DISK_EXISTS",
  ENOSPC: "DISK_FULL",
  EDQUOT: "DISK_FULL",
};

/** A failed file operation as the Disk port's error: `open of /data/x failed: ENOENT`. */
export function diskError(operation: string, path: string, error: unknown): RingtideError {
  if (error instanceof RingtideError) return error;
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return asRingtideError(error);
  return new RingtideError(CODES[error.code] ?? "DISK_IO", `${operation} of ${path} failed: ${error.code}`, {
    details: { operation, path, errno: error.code },
    cause: error,
  });
}

/** Runs one file operation with its errors translated. */
export async function guarded<T>(operation: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw diskError(operation, path, error);
  }
}

/** True when a system call failed with this error number. */
export function hasErrno(error: unknown, errno: string): boolean {
  return error instanceof Error && "code" in error && error.code === errno;
}
