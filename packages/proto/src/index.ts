export { decodeMessage, encodeMessage, type Init, type MessageType } from "./codec.ts";
export * from "./generated/types.ts";

/** gRPC name of the service in proto/client.proto. */
export const CLIENT_SERVICE = "ringtide.v1.Client";

/** Versions of the client protocol that this version speaks. */
export const CLIENT_PROTOCOL = { min: 1, max: 1 } as const;
