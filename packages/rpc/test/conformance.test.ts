import { type Connection, type Listener, type Net, nullLogger } from "@ringtide/common";
import { netConformance } from "@ringtide/common/conformance";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { createNet } from "../src/index.ts";

netConformance("gRPC", async () => {
  const real = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  const listeners: Listener[] = [];
  const connections: Connection[] = [];
  const net: Net = {
    async listen(address, options) {
      const listener = await real.listen(address, options);
      listeners.push(listener);
      return listener;
    },
    connect(address, options) {
      const connection = real.connect(address, options);
      connections.push(connection);
      return connection;
    },
    resolves: (host) => real.resolves(host),
  };
  return {
    net,
    clock: systemClock,
    host: "127.0.0.1",
    async dispose() {
      for (const connection of connections) connection.close();
      await Promise.all(listeners.map((listener) => listener.close(0)));
    },
  };
});
