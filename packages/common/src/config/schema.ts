import { CLUSTER_KEYS, IDLE_KEYS } from "./cluster-keys.ts";
import { ENGINE_KEYS } from "./engine-keys.ts";
import type { Key } from "./key.ts";

/** The two files of a configuration. */
export type ConfigFile = "cluster" | "engine";

const ALL_KEYS = { ...CLUSTER_KEYS, ...ENGINE_KEYS } as const;
type AllKeys = typeof ALL_KEYS;

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type ValueOf<K> = K extends Key<infer T> ? T : never;

/** The configuration of a node: a field a key, in camel case. */
export type Config = {
  readonly [Name in keyof AllKeys as CamelCase<Name & string>]: ValueOf<AllKeys[Name]>;
};

/** The keys with a meaning, by name, in the order of the manual. */
export const KEYS: ReadonlyMap<string, Key<unknown>> = new Map<string, Key<unknown>>(Object.entries(ALL_KEYS));

/** The file that a key belongs to; undefined when there is no such key. */
export function fileOfKey(name: string): ConfigFile | undefined {
  if (Object.hasOwn(CLUSTER_KEYS, name) || Object.hasOwn(IDLE_KEYS, name)) return "cluster";
  return Object.hasOwn(ENGINE_KEYS, name) ? "engine" : undefined;
}

/** `seed_nodes` → `seedNodes`. */
export function fieldName(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
