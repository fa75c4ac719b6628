import type { Logger } from "./ports/index.ts";

const ignore = (): void => undefined;

/** Says nothing: for tests and tools. */
export const nullLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  child: () => nullLogger,
};
