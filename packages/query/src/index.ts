export type { QueryCluster, QueryOptions, QueryStatement, ResultColumn, ResultSet } from "./api.ts";
export { executeQuery } from "./coordinator/execute.ts";
export { runFragment } from "./replica/run.ts";
