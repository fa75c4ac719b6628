import type { Net } from "@ringtide/common";

/** A network that counts what is written to the streams that this process opens. */
export class CountingNet {
  writes = 0;
  readonly port: Net;

  constructor(net: Net) {
    this.port = {
      listen: (address, options) => net.listen(address, options),
      resolves: (host) => net.resolves(host),
      connect: (address, options) => {
        const connection = net.connect(address, options);
        return {
          unary: (method, request, callOptions) => connection.unary(method, request, callOptions),
          serverStream: (method, request, callOptions) => connection.serverStream(method, request, callOptions),
          close: () => connection.close(),
          duplex: (method) => {
            const stream = connection.duplex(method);
            const write = stream.write.bind(stream);
            stream.write = (message) => {
              this.writes++;
              return write(message);
            };
            return stream;
          },
        };
      },
    };
  }
}
