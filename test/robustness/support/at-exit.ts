const cleanups = new Set<() => void>();

process.on("exit", () => {
  // The last thing that was made goes first: processes before what they live in.
  for (const cleanup of [...cleanups].reverse()) {
    try {
      cleanup();
    } catch {
      // The others have their turn all the same.
    }
  }
});

/** Runs `cleanup`, which must not wait for anything, when this process ends before the returned function was called. */
export function atExit(cleanup: () => void): () => void {
  const own = () => cleanup();
  cleanups.add(own);
  return () => cleanups.delete(own);
}
