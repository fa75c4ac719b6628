export * from "./bytes.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./paths.ts";
export * from "./ports/index.ts";
export * from "./slot.ts";
