import { PathPattern, splitPath, splitSeries } from "@ringtide/common";
import type { IToken } from "chevrotain";
import type { PathText, Place } from "./ast.ts";
import { Fault, locate, quote } from "./fault.ts";

export function placeOf(token: IToken): Place {
  return { offset: token.startOffset, length: token.image.length };
}

/** The place from the beginning of one token to the end of another. */
export function placeBetween(first: IToken, last: IToken): Place {
  return { offset: first.startOffset, length: last.startOffset + last.image.length - first.startOffset };
}

/** A path from root, wildcards allowed. `ROOT` is written `root` in the tree. */
export function patternOf(token: IToken): PathText {
  const place = placeOf(token);
  const text = withRoot(token);
  locate(place, () => new PathPattern(text));
  return { text, place };
}

/** A path below a prefix: nodes and wildcards, at least one. */
export function suffixOf(token: IToken): PathText {
  const place = placeOf(token);
  locate(place, () => new PathPattern(`root.${token.image}`));
  return { text: token.image, place };
}

/** A path without wildcards, of `root` and at least one node more. */
export function exactPathOf(token: IToken, what: string): string {
  const text = withRoot(token);
  const nodes = locate(placeOf(token), () => splitPath(text));
  if (nodes.length < 2) {
    throw new Fault("PATH_INVALID", placeOf(token), `'root' alone is no ${what}: it needs at least one node more`);
  }
  return text;
}

/** The path of one series: a device and a measurement. */
export function seriesPathOf(token: IToken): string {
  const text = withRoot(token);
  locate(placeOf(token), () => splitSeries(text));
  return text;
}

/** One measurement below a device: a single node, no wildcard. */
export function measurementOf(token: IToken): string {
  const nodes = locate(placeOf(token), () => splitPath(`root.${token.image}`));
  if (nodes.length !== 2) {
    throw new Fault("SQL_SEMANTIC", placeOf(token), `${quote(token.image)} is no measurement: expected a single name`);
  }
  return token.image;
}

/** True for a suffix of one node (or `*`): what ALIGN BY DEVICE can put under a column of its own. */
export function isSingleNode(suffix: string): boolean {
  return suffix !== "**" && new PathPattern(`root.${suffix}`).nodes.length === 2;
}

function withRoot(token: IToken): string {
  return token.image.startsWith("root") ? token.image : `root${token.image.slice(4)}`;
}
