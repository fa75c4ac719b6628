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
    return matchAll(this.nodes, path, false);
  }

  /** True when the path or an ancestor of it matches: prefix paths match below. */
  matchesPrefixOf(path: readonly string[]): boolean {
    return matchAll(this.nodes, path, true);
  }
}

function isWildcard(node: string): boolean {
  return node === "*" || node === "**";
}

/**
 * Takes each `**` as short as it can be, and only the last one longer when what follows does not match: the time is bounded by the
 * product of the lengths, whatever a caller writes.
 */
function matchAll(pattern: readonly string[], path: readonly string[], prefix: boolean): boolean {
  let p = 0;
  let i = 0;
  /** After the last `**`: where the pattern goes on, and where the path goes on when that takes one node more. */
  let resumePattern = -1;
  let resumePath = 0;
  for (;;) {
    if (p === pattern.length && (prefix || i === path.length)) return true;
    if (p < pattern.length && i === path.length) return false;
    const node = pattern[p];
    if (node !== undefined && isWildcard(node) && p === pattern.length - 1) return true;
    if (node === "**") {
      resumePattern = p + 1;
      resumePath = i + 2;
    } else if (node === undefined || (node !== "*" && node !== path[i])) {
      if (resumePattern < 0 || resumePath > path.length) return false;
      p = resumePattern;
      i = resumePath++;
      continue;
    }
    p++;
    i++;
  }
}
