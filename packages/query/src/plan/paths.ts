import { PathPattern } from "@ringtide/common";

/** A suffix path below a FROM prefix; a path from root stays as it is. */
export function joinPath(prefix: string, suffix: string): string {
  return suffix === "root" || suffix.startsWith("root.") ? suffix : `${prefix}.${suffix}`;
}

/** The devices that can have series matching a pattern. A wildcard at the tail stands for any number of nodes. */
export function devicePatterns(series: string): PathPattern[] {
  const nodes = new PathPattern(series).nodes;
  const tail = nodes.at(-1);
  const device = nodes.slice(0, -1).join(".");
  if (device === "") return [new PathPattern("root.**"), new PathPattern("root")];
  const own = new PathPattern(device);
  return tail === "*" || tail === "**" ? [own, new PathPattern(`${device}.**`)] : [own];
}

/** The devices whose path, or a path above or one node above it, matches: what a prefix path of SHOW reaches. */
export function devicesBelow(path: string): PathPattern[] {
  return [...devicePatterns(path), new PathPattern(path), new PathPattern(`${path}.**`)];
}

export function isExact(path: string): boolean {
  return new PathPattern(path).isExact;
}
