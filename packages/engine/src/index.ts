export * from "./api.ts";
export { decodeCommand, encodeCommand } from "./commands.ts";
