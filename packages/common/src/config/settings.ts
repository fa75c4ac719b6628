import { RingtideError } from "../errors.ts";
import { IDLE_KEYS } from "./cluster-keys.ts";
import { nearest } from "./nearest.ts";
import { type ConfigFile, fileOfKey, KEYS } from "./schema.ts";

/** One `key=value` as it was given, and where: `conf/ringtide-cluster.properties:12`, `command line`. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly where: string;
}

const FILE_NAMES: Readonly<Record<ConfigFile, string>> = {
  cluster: "ringtide-cluster.properties",
  engine: "ringtide-engine.properties",
};

/**
 * The settings of a properties file: `key=value` lines, empty lines, and lines that begin with `#`. Throws CONFIG_INVALID_VALUE for
 * any other line and for a key that stands there twice, CONFIG_UNKNOWN_KEY for one that the file does not have.
 */
export function readProperties(content: string, path: string, file: ConfigFile): Setting[] {
  const settings = new Map<string, Setting>();
  for (const [i, raw] of content
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const where = `${path}:${i + 1}`;
    const equals = line.indexOf("=");
    if (equals <= 0) throw new RingtideError("CONFIG_INVALID_VALUE", `${where}: '${line}' is no key=value line`);
    const setting = { key: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim(), where };
    checkKnown(setting, file);
    const earlier = settings.get(setting.key);
    if (earlier !== undefined)
      throw new RingtideError("CONFIG_INVALID_VALUE", `${where}: ${setting.key} is set already at ${earlier.where}`);
    settings.set(setting.key, setting);
  }
  return [...settings.values()];
}

/** Flags as settings; they may name the keys of both files. */
export function readFlags(flags: Readonly<Record<string, string>>): Setting[] {
  return Object.entries(flags).map(([key, value]) => {
    const setting = { key, value: value.trim(), where: "command line" };
    checkKnown(setting);
    return setting;
  });
}

function checkKnown({ key, where }: Setting, file?: ConfigFile): void {
  const home = fileOfKey(key);
  if (home === undefined) {
    const known = nearest(key, [...KEYS.keys(), ...Object.keys(IDLE_KEYS)]);
    throw new RingtideError(
      "CONFIG_UNKNOWN_KEY",
      `${where}: there is no key '${key}'; the nearest is ${known}. See docs/configuration.md`,
      { details: { key, nearest: known } },
    );
  }
  if (file !== undefined && home !== file)
    throw new RingtideError("CONFIG_UNKNOWN_KEY", `${where}: key '${key}' belongs into ${FILE_NAMES[home]}`, {
      details: { key },
    });
}

/**
 * Flags of a command line: `--key value`, `--key=value`, and both with a single dash. Throws CONFIG_INVALID_VALUE for what is no
 * flag, a flag without a value and a flag that is given twice; that the key exists is checked by `loadConfig`.
 */
export function parseFlags(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(args[i] ?? "");
    const key = match?.[1];
    if (key === undefined)
      throw new RingtideError("CONFIG_INVALID_VALUE", `command line: '${args[i]}' is no flag; flags are --key value`);
    const value = match?.[2] ?? args[++i];
    if (value === undefined) throw new RingtideError("CONFIG_INVALID_VALUE", `command line: --${key} needs a value`);
    if (Object.hasOwn(flags, key))
      throw new RingtideError("CONFIG_INVALID_VALUE", `command line: --${key} is given twice`);
    flags[key] = value;
  }
  return flags;
}
