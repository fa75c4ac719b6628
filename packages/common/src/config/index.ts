export { type Door, isLoopback, type Seed, seedText } from "./addresses.ts";
export * from "./agreement.ts";
export * from "./check-start.ts";
export * from "./load.ts";
export * from "./render.ts";
export type { Config, ConfigFile } from "./schema.ts";
export { parseFlags } from "./settings.ts";
