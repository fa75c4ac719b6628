export { ringTables, statusTables } from "./tables.ts";
