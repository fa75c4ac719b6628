/** Text to standard output. */
export const out = (text: string): void => {
  process.stdout.write(text);
};

/** Text to standard error: what is about the answer and not part of it. */
export const say = (text: string): void => {
  process.stderr.write(text);
};

/** Whoever reads the output may go away (`| head`): then there is nobody left to answer, and nothing to complain about. */
export function leaveWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
