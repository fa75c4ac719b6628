export * from "./api.ts";
export { decodeCommand, encodeCommand } from "./commands.ts";
export { REQUEST_TABLE_LIMITS, RequestTable, type RequestTableLimits } from "./request-table.ts";
