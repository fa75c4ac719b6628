export type { Numbering, Principal, SessionServiceOptions } from "./options.ts";
export { type OpenRequest, SessionService, type StatementRequest, type StatementResult } from "./service.ts";
export type { Session } from "./session.ts";
