import { parseArgs } from "node:util";
import { FAST } from "./settings.ts";

interface Flag {
  /** What follows the flag; none for a switch. */
  readonly value?: string;
  readonly help: string;
}

/** Flags that all commands take. */
const COMMON: Readonly<Record<string, Flag>> = {
  set: { value: "KEY=VALUE", help: "a configuration key of every node; may come several times" },
  fast: {
    help: `short time-outs: ${Object.entries(FAST)
      .map((pair) => pair.join("="))
      .join(" ")}`,
  },
  json: { help: "print one JSON object as the last line" },
  help: { help: "show this" },
};

export interface Arguments {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly isJson: boolean;
}

/** Reads the command line of a robustness command; undefined when it asked for help, which is printed then. */
export function readArguments(usage: string, own: Readonly<Record<string, Flag>>): Arguments | undefined {
  const flags = { ...own, ...COMMON };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: name === "set" },
    ]),
  );
  const { values } = parseArgs({ options, strict: true });
  if (values["help"] === true) {
    const lines = Object.entries(flags).map(
      ([name, { value = "", help }]) => `  ${`--${name} ${value}`.padEnd(22)}${help}`,
    );
    console.log([usage, "", ...lines].join("\n"));
    return undefined;
  }
  const pairs = (values["set"] ?? []) as string[];
  const settings = Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new Error(`--set takes KEY=VALUE, not '${pair}'`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
  const texts = Object.entries(values).filter((each): each is [string, string] => typeof each[1] === "string");
  return {
    values: Object.fromEntries(texts),
    settings: { ...(values["fast"] === true ? FAST : {}), ...settings },
    isJson: values["json"] === true,
  };
}

/** A number above 0. */
export function numberOf(text: string | undefined, otherwise: number, flag: string): number {
  const number = text === undefined ? otherwise : Number(text);
  if (!(number > 0)) throw new Error(`--${flag} takes a number above 0, not '${text}'`);
  return number;
}

/** One of a few words. */
export function wordOf<T extends string>(text: string | undefined, words: readonly T[], otherwise: T, flag: string): T {
  if (text === undefined) return otherwise;
  const found = words.find((word) => word === text);
  if (found === undefined) throw new Error(`--${flag} takes one of ${words.join(", ")}, not '${text}'`);
  return found;
}

/** Runs a command to its end: exit code 1 when it fails, and nothing it started stays behind when it is interrupted. */
export function runCommand(command: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  command().then(
    () => process.exit(process.exitCode ?? 0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    },
  );
}
