export { createNet, type NetOptions } from "./net.ts";
export type { TlsOptions } from "./tls.ts";
