import { lookup } from "node:dns/promises";
import type { Clock, Logger, Metrics, Net } from "@ringtide/common";
import { GrpcConnection } from "./connection.ts";
import { startListener } from "./listener.ts";
import { PREFACE_TIMEOUT_MS } from "./settings.ts";
import type { TlsOptions } from "./tls.ts";

export interface NetOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Left out: plain text. */
  readonly tls?: TlsOptions;
  /** How long a new connection may stay silent; 10 s when left out. */
  readonly prefaceTimeoutMs?: number;
}

/** The real network: gRPC over HTTP/2. Messages are opaque bytes. */
export function createNet(options: NetOptions): Net {
  const environment = {
    logger: options.logger,
    metrics: options.metrics,
    clock: options.clock,
    tls: options.tls,
    prefaceTimeoutMs: options.prefaceTimeoutMs ?? PREFACE_TIMEOUT_MS,
  };
  return {
    listen: (address, listenOptions) => startListener(address, listenOptions, environment),
    connect: (address, connectOptions) => new GrpcConnection(address, connectOptions, options.tls),
    resolves: (host) =>
      lookup(host).then(
        () => true,
        () => false,
      ),
  };
}
