import { asRingtideError } from "@ringtide/common";

/**
 * Runs a program to its end. Exit code: what `main` resolves with; 2 when it rejects, as then it has neither found what it looks for nor its absence. What it
 * left unfinished does not keep the process alive.
 */
export function runMain(main: (argv: readonly string[]) => Promise<number>): void {
  main(process.argv.slice(2)).then(
    (exitCode) => process.exit(exitCode),
    (error: unknown) => {
      process.stderr.write(`${asRingtideError(error).message}\n`);
      process.exit(2);
    },
  );
}
