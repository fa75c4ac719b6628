export * from "./net.ts";
export type { NetFixture } from "./net-support.ts";
