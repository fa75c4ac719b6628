export * from "./eras.ts";
export * from "./types.ts";
