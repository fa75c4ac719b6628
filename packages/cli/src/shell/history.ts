import { readFileSync, writeFileSync } from "node:fs";

/** The statements that were typed, kept in a file from one shell to the next; newest first, as readline wants them. */
export class History {
  readonly #path: string;
  readonly #say: (text: string) => void;
  #complained = false;

  constructor(path: string, say: (text: string) => void) {
    this.#path = path;
    this.#say = say;
  }

  read(): string[] {
    try {
      return readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) this.#complain("read", error);
      return []; // ENOENT: the first use
    }
  }

  write(lines: readonly string[]): void {
    try {
      writeFileSync(this.#path, `${lines.join("\n")}\n`, { mode: 0o600 });
    } catch (error) {
      this.#complain("written", error);
    }
  }

  /** A history that cannot be kept is no reason to stop the shell, nor to say so after every line. */
  #complain(done: string, error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#say(`the history cannot be ${done}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
