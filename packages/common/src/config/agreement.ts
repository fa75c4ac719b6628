import { seedText } from "./addresses.ts";
import { type Config, fieldName, KEYS } from "./schema.ts";

/**
 * The keys that all nodes must agree on, as texts that compare: when a cluster forms, or when a node joins a running one (whose
 * seed list need not be the joiner's).
 */
export function agreementKeys(config: Config, moment: "form" | "join" = "form"): Record<string, string> {
  const agreed: Record<string, string> = {};
  for (const [name, key] of KEYS) {
    if (key.agree === "always" || (key.agree === "form" && moment === "form")) agreed[name] = valueText(name, config);
  }
  return agreed;
}

function valueText(name: string, config: Config): string {
  if (name === "seed_nodes") return config.seedNodes.map(seedText).join(",");
  return String((config as Readonly<Record<string, unknown>>)[fieldName(name)]);
}

/** A key on which two nodes differ; a value that one of them does not have is undefined. */
export interface Disagreement {
  readonly key: string;
  readonly mine: string | undefined;
  readonly theirs: string | undefined;
}

/** The first key, in the order of `mine` and then of `theirs`, whose values differ. */
export function firstDisagreement(
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): Disagreement | undefined {
  for (const key of [...Object.keys(mine), ...Object.keys(theirs)]) {
    if (mine[key] !== theirs[key]) return { key, mine: mine[key], theirs: theirs[key] };
  }
  return undefined;
}
