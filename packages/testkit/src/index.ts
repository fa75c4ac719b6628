export { CATALOGUE, type Failpoint, type Occasion } from "./failpoints/catalogue.ts";
export type { Orders, Report } from "./failpoints/control.ts";
export { type CheckOptions, type CheckResult, checkLinearizable } from "./history/checker/check.ts";
export { fromJsonLines, toJsonLines } from "./history/json-lines.ts";
export type { Operation, OperationKind } from "./history/operation.ts";
export { HistoryRecorder, type PendingOperation } from "./history/recorder.ts";
export { SeededRandom } from "./random/seeded-random.ts";
