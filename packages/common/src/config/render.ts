import { markdownTable } from "../markdown-table.ts";
import { CLUSTER_KEYS, IDLE_KEYS } from "./cluster-keys.ts";
import { ENGINE_KEYS } from "./engine-keys.ts";
import type { Key } from "./key.ts";
import type { ConfigFile } from "./schema.ts";

const TITLES: Readonly<Record<ConfigFile, string>> = {
  cluster: "What the nodes of a cluster know of each other, and how they replicate.",
  engine: "What one node does with its disks, its memory and its doors.",
};

const KEYS_OF: Readonly<Record<ConfigFile, Readonly<Record<string, Key<unknown>>>>> = {
  cluster: CLUSTER_KEYS,
  engine: ENGINE_KEYS,
};

/** The shipped properties file: every key with its sentence, at its default. */
export function renderProperties(file: ConfigFile): string {
  const parts = [
    `# ${TITLES[file]}`,
    "# Lines are key=value. All values here are the defaults: a key that is left out has them too.",
    "# A flag of the same name overrides it: --key value. The keys are explained in docs/configuration.md.",
  ].join("\n");
  const keys = Object.entries(KEYS_OF[file]).map(([name, key]) => {
    const facts = [key.unit, key.allowed, agreeText(key)].filter((fact) => fact !== undefined && fact !== "");
    return `# ${key.help}${laterText(key)}\n# (${facts.join("; ")})\n${name}=${key.defaultText}`;
  });
  return `${[parts, ...keys].join("\n\n")}\n`;
}

function laterText({ later }: Key<unknown>): string {
  return later === undefined ? "" : ` Only the default in this version: ${later}.`;
}

function agreeText({ agree }: Key<unknown>): string {
  if (agree === undefined) return "";
  return agree === "always" ? "the same on every node" : "the same on every seed";
}

/** The manual page of the configuration, in Markdown. */
export function renderConfigDocs(): string {
  return `# Configuration

A node reads two files in its configuration directory, \`conf/ringtide-cluster.properties\` and \`conf/ringtide-engine.properties\`. Lines
are \`key=value\`; lines that begin with \`#\` and empty lines are skipped. A flag of the same name overrides a file: \`--key value\`,
\`--key=value\` or \`-key value\`. A key that does not exist, stands twice, stands in the wrong file or has a value that is not allowed
keeps the node from starting, with a message that names file and line.

Keys marked _all nodes_ must have the same value on every node: this is checked when the cluster forms and when a node joins, and
the key that differs is named. _Seeds_ must agree when the cluster forms only.

## conf/ringtide-cluster.properties

${TITLES.cluster}

${table(CLUSTER_KEYS)}

## conf/ringtide-engine.properties

${TITLES.engine}

${table(ENGINE_KEYS)}

## Keys without effect

Configurations made for the original have these keys. They are accepted, with one warning each, and change nothing here.

${markdownTable(["key", "default there", "here"], Object.entries(IDLE_KEYS).map(idleRow))}
`;
}

function table(keys: Readonly<Record<string, Key<unknown>>>): string {
  const rows = Object.entries(keys).map(([name, key]) => {
    const initial = key.defaultText === "" ? "(empty)" : `\`${key.defaultText.replaceAll(",", ", ")}\``;
    const agree = key.agree === undefined ? "" : key.agree === "always" ? "all nodes" : "seeds";
    return [`\`${name}\``, initial, key.unit ?? "", key.allowed, agree, `${key.help}${laterText(key)}`];
  });
  return markdownTable(["key", "default", "unit", "allowed", "agree", "meaning"], rows);
}

function idleRow([name, key]: readonly [string, (typeof IDLE_KEYS)[string]]): string[] {
  const refused = key.refused === undefined ? "" : ` (\`${key.refused}\` is refused)`;
  return [`\`${name}\``, `\`${key.defaultText}\``, `${key.instead}${refused}`];
}
