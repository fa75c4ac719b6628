/** A configuration key: what it may be, and what the manual says of it. `T` is its value in the program. */
export interface Key<T> {
  /** In the manual: `integer`, `list of paths`. */
  readonly type: string;
  /** Completes "allowed is …". */
  readonly allowed: string;
  readonly unit?: string;
  /** As written in a file. */
  readonly defaultText: string;
  /** One sentence. */
  readonly help: string;
  /** Must be the same on every node: when a cluster forms, or also whenever a node joins. */
  readonly agree?: "form" | "always";
  /** Says why only the default is accepted in this version: what the key is for is not built yet. */
  readonly later?: string;
  /** Says why the key changes nothing in this version; a value other than the default gets a warning. */
  readonly reserved?: string;
  /** The value, or undefined when the text is not allowed. */
  parse(text: string): T | undefined;
}

/** What the constructors below share. */
interface Common {
  readonly help: string;
  readonly unit?: string;
  readonly agree?: "form" | "always";
  readonly later?: string;
  readonly reserved?: string;
}

/** A port of which the next one is used too (heartbeats). */
export const PORT_PAIR = { min: 1, max: 65534 } as const;
export const PORT = { min: 1, max: 65535 } as const;
/** Largest delay and size that a key takes. */
export const ANY_SIZE = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
export const ANY_DELAY = { min: 1, max: 2 ** 31 - 1 } as const;

/** A whole number in [min, max]. */
export function integer(
  initial: number,
  range: { readonly min: number; readonly max: number },
  common: Common,
): Key<number> {
  const { min, max } = range;
  const upTo = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    type: "integer",
    allowed: `a whole number ${upTo}`,
    defaultText: String(initial),
    ...common,
    parse(text) {
      if (!/^-?\d{1,16}$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export function boolean(initial: boolean, common: Common): Key<boolean> {
  return {
    type: "boolean",
    allowed: "true or false",
    defaultText: String(initial),
    ...common,
    parse(text) {
      const lower = text.toLowerCase();
      return lower === "true" ? true : lower === "false" ? false : undefined;
    },
  };
}

export function choice<const C extends string>(initial: C, choices: readonly C[], common: Common): Key<C> {
  return {
    type: "choice",
    allowed: choices.length === 1 ? `only ${choices[0]}` : `one of ${choices.join(", ")}`,
    defaultText: initial,
    ...common,
    parse: (text) => choices.find((each) => each === text),
  };
}

/** Any text that `accepts` takes. */
export function text(
  initial: string,
  allowed: string,
  accepts: (text: string) => boolean,
  common: Common,
): Key<string> {
  return {
    type: "text",
    allowed,
    defaultText: initial,
    ...common,
    parse: (given) => (accepts(given) ? given : undefined),
  };
}

/** A comma-separated list of at least one item, each read by `item`. */
export function list<T>(
  initial: string,
  allowed: string,
  item: (text: string) => T | undefined,
  common: Common,
): Key<readonly T[]> {
  return {
    type: "list",
    allowed,
    defaultText: initial,
    ...common,
    parse(given) {
      const items: T[] = [];
      for (const part of given.split(",")) {
        const value = item(part.trim());
        if (value === undefined) return undefined;
        items.push(value);
      }
      return items;
    },
  };
}

/** A key of which the whole text is read by `parse`. */
export function special<T>(
  initial: string,
  type: string,
  allowed: string,
  parse: (text: string) => T | undefined,
  common: Common,
): Key<T> {
  return { type, allowed, defaultText: initial, ...common, parse };
}
