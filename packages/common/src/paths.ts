import { RingtideError } from "./errors.ts";

/** Node of a path: letters, digits, `_ - : @ # $ %` and anything beyond ASCII; or any text in double quotes, dots included. */
const NODE = String.raw`(?:[A-Za-z0-9_\-:@#$%&+/\u0080-\uffff]+|"[^"\\\n]+")`;
const PATH = new RegExp(`^${NODE}(?:\\.${NODE})*$`, "u");
const NODES = new RegExp(NODE, "gu");
const PATTERN = new RegExp(`^(?:${NODE}|\\*{1,2})(?:\\.(?:${NODE}|\\*{1,2}))*$`, "u");
const PATTERN_NODES = new RegExp(`${NODE}|\\*{1,2}`, "gu");

/** Longest path in UTF-16 units; keeps keys and records small. */
export const MAX_PATH_LENGTH = 1024;

/** The nodes of a path without wildcards; PATH_INVALID when it is not one that starts with `root`. */
export function splitPath(path: string): string[] {
  if (path.length > MAX_PATH_LENGTH || !PATH.test(path)) throw invalid(path);
  const nodes = path.match(NODES) ?? [];
  if (nodes[0] !== "root") throw invalid(path);
  return nodes;
}

function invalid(path: string): RingtideError {
  const shown = path.length > 80 ? `${path.slice(0, 77)}...` : path;
  return new RingtideError(
    "PATH_INVALID",
    `'${shown}' is no path: expected nodes of letters, digits and _ - : @ # $ %, joined by dots, from root on`,
  );
}

/** `root.sg.d1.s1` → device `root.sg.d1`, measurement `s1`. */
export function splitSeries(path: string): { readonly device: string; readonly measurement: string } {
  const nodes = splitPath(path);
  const measurement = nodes.at(-1) ?? "";
  if (nodes.length < 3)
    throw new RingtideError(
      "PATH_INVALID",
      `'${path}' is no series: it needs a storage group, or device, and a measurement`,
    );
  return { device: path.slice(0, path.length - measurement.length - 1), measurement };
}

/** True when `prefix` is `path` or one of its ancestors. */
export function isPrefixPath(prefix: string, path: string): boolean {
  return path === prefix || (path.startsWith(prefix) && path[prefix.length] === ".");
}

/**
 * A path with wildcards. `*` matches exactly one node, but any number (≥ 1) at the tail (the rules of 0.12); `**` matches
 * any number (≥ 1) anywhere.
 */
export class PathPattern {
  readonly text: string;
  readonly nodes: readonly string[];

  constructor(text: string) {
    if (text.length > MAX_PATH_LENGTH || !PATTERN.test(text)) throw invalid(text);
    this.text = text;
    this.nodes = text.match(PATTERN_NODES) ?? [];
    if (this.nodes[0] !== "root" && this.nodes[0] !== "*" && this.nodes[0] !== "**") throw invalid(text);
  }

  /** True without wildcards. */
  get isExact(): boolean {
    return !this.nodes.some(isWildcard);
  }

  /** Nodes before the first wildcard: the exact prefix that every match has. */
  get exactPrefix(): readonly string[] {
    const end = this.nodes.findIndex(isWildcard);
    return end < 0 ? this.nodes : this.nodes.slice(0, end);
  }

  /** True when the whole path matches. */
  matches(path: readonly string[]): boolean {
    return matchFrom(this.nodes, 0, path, 0, false);
  }

  /** True when the path or an ancestor of it matches: prefix paths match below. */
  matchesPrefixOf(path: readonly string[]): boolean {
    return matchFrom(this.nodes, 0, path, 0, true);
  }
}

function isWildcard(node: string): boolean {
  return node === "*" || node === "**";
}

function matchFrom(
  pattern: readonly string[],
  p: number,
  path: readonly string[],
  i: number,
  prefix: boolean,
): boolean {
  if (p === pattern.length) return prefix || i === path.length;
  if (i === path.length) return false;
  const node = pattern[p];
  const isTail = p === pattern.length - 1;
  if (node === "**" || (node === "*" && isTail)) {
    if (isTail) return true;
    for (let next = i + 1; next < path.length; next++) if (matchFrom(pattern, p + 1, path, next, prefix)) return true;
    return false;
  }
  return (node === "*" || node === path[i]) && matchFrom(pattern, p + 1, path, i + 1, prefix);
}
