import { type Listener, nullLogger, type ServiceHandlers } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { createNet } from "@ringtide/rpc";

const SERVICE = "test.Service";

/** The real network, on a free port of this machine. */
export function netOnLoopback() {
  const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  const limits = { service: SERVICE, maxMessageBytes: 100_000 };
  return {
    listen: (handlers: ServiceHandlers): Promise<Listener> =>
      net.listen({ host: "127.0.0.1", port: 0 }, { ...limits, handlers, maxConnections: 10 }),
    connect: ({ address }: Listener) => net.connect(address, { ...limits, metadata: {}, connectTimeoutMs: 2000 }),
  };
}
