export type * from "./api.ts";
export { checkPayload } from "./check.ts";
export { addsRows, decodeCommand, encodeCommand } from "./commands.ts";
export { Engine } from "./engine.ts";
export type { InstallOptions } from "./install.ts";
export { checkManifest } from "./manifest.ts";
export type { EngineOptions } from "./options.ts";
export { RequestTable } from "./request-table.ts";
