import { RingtideError } from "@ringtide/common";

/** DISK_CORRUPT that names file and offset. */
export function damage(file: string, offset: number, problem: string, cause?: unknown): RingtideError {
  return new RingtideError("DISK_CORRUPT", `${file}: at byte ${offset}: ${problem}`, {
    details: { file, offset },
    cause,
  });
}
