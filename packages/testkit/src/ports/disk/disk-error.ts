import { type ErrorCode, RingtideError } from "@ringtide/common";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "DISK_NOT_FOUND",
  EEXIST: "DISK_EXISTS",
  ENOSPC: "DISK_FULL",
};

/** The error that the real disk gives when a system call fails with this error number. */
export function diskError(operation: string, path: string, errno: string): RingtideError {
  return new RingtideError(CODES[errno] ?? "DISK_IO", `${operation} of ${path} failed: ${errno}`, {
    details: { operation, path, errno },
  });
}
