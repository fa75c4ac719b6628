export * from "./clock.ts";
export * from "./compute.ts";
export * from "./disk.ts";
export type { FsyncObserver } from "./disk-file.ts";
export * from "./kv.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
export * from "./random.ts";
