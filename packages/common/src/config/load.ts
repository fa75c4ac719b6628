import { RingtideError } from "../errors.ts";
import { IDLE_KEYS } from "./cluster-keys.ts";
import { checkConsistent } from "./consistency.ts";
import type { Key } from "./key.ts";
import { type Config, fieldName, KEYS } from "./schema.ts";
import { readFlags, readProperties, type Setting } from "./settings.ts";

export interface ConfigSources {
  /** Content of the two files; their paths are for messages. */
  readonly clusterText: string;
  readonly engineText: string;
  readonly clusterFile: string;
  readonly engineFile: string;
  /** Override the files. */
  readonly flags: Readonly<Record<string, string>>;
}

/**
 * The configuration from both files and the flags, defaults filled in. Throws CONFIG_UNKNOWN_KEY, CONFIG_INVALID_VALUE,
 * CONFIG_CONFLICT or UNSUPPORTED, each naming file and line or the flag. Warnings are for keys that change nothing.
 */
export function loadConfig(sources: ConfigSources): { readonly config: Config; readonly warnings: string[] } {
  const settings = new Map<string, Setting>();
  const all = [
    ...readProperties(sources.clusterText, sources.clusterFile, "cluster"),
    ...readProperties(sources.engineText, sources.engineFile, "engine"),
    ...readFlags(sources.flags),
  ];
  for (const setting of all) settings.set(setting.key, setting);

  const fields: Record<string, unknown> = {};
  for (const [name, key] of KEYS) {
    const setting = settings.get(name) ?? { key: name, value: key.defaultText, where: "default" };
    const value = key.parse(setting.value);
    if (value === undefined) throw invalidValue(setting, `allowed is ${key.allowed}`);
    if (key.later !== undefined && setting.value !== key.defaultText) throw notYet(setting, key);
    fields[fieldName(name)] = value;
  }
  // The loop above filled exactly the fields of Config, from the same keys that its type is derived from.
  const config = fields as Config;
  checkConsistent(config);
  return { config, warnings: idleWarnings(settings) };
}

function reservedWarnings(settings: ReadonlyMap<string, Setting>): string[] {
  const warnings: string[] = [];
  for (const [name, key] of KEYS) {
    const setting = settings.get(name);
    if (key.reserved === undefined || setting === undefined || setting.value === key.defaultText) continue;
    warnings.push(`${setting.where}: ${name} has no effect in this version: ${key.reserved}`);
  }
  return warnings;
}

function idleWarnings(settings: ReadonlyMap<string, Setting>): string[] {
  const warnings = reservedWarnings(settings);
  for (const [name, key] of Object.entries(IDLE_KEYS)) {
    const setting = settings.get(name);
    if (setting === undefined) continue;
    if (key.refused === undefined) warnings.push(`${setting.where}: ${name} has no effect here: ${key.instead}`);
    else if (setting.value.toLowerCase() !== key.defaultText)
      throw invalidValue(setting, `allowed is only ${key.defaultText}: ${key.instead}`);
  }
  return warnings;
}

/** A value that would be read and not honoured is refused. */
function notYet({ key, value, where }: Setting, { defaultText, later }: Key<unknown>): RingtideError {
  return new RingtideError(
    "UNSUPPORTED",
    `${where}: ${key}='${value}' is not built yet, leave it at '${defaultText}': ${later}`,
    {
      details: { key, value },
    },
  );
}

function invalidValue({ key, value, where }: Setting, allowed: string): RingtideError {
  const shown = value.length > 200 ? `${value.slice(0, 197)}...` : value;
  return new RingtideError("CONFIG_INVALID_VALUE", `${where}: ${key}='${shown}' is not allowed; ${allowed}`, {
    details: { key, value: shown },
  });
}
