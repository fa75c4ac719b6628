export * from "./bytes.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export { inlineCompute } from "./inline-compute.ts";
export * from "./null-logger.ts";
export * from "./paths.ts";
export * from "./ports/index.ts";
export * from "./slot.ts";
