export * from "./clock.ts";
export * from "./compute.ts";
export * from "./disk.ts";
export * from "./kv.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
export * from "./net.ts";
export type { NetFixture } from "./net-support.ts";
export * from "./random.ts";
