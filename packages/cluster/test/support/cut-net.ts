import type { NodeAddresses } from "@ringtide/cluster";
import type { Connection, MessageStream, Net } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";

/** Cuts nodes of one process off from each other: what they send on streams is lost, calls are refused. */
export class Cuts {
  readonly #cut = new Set<number>();

  /** No other node hears of the node with this index, nor it of them. */
  cutOff(index: number): void {
    this.#cut.add(index);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** The network as the node with that index has it. */
  net(inner: Net, nodes: readonly NodeAddresses[], index: number): Net {
    const indexOf = (port: number): number =>
      nodes.findIndex(({ metaPort, dataPort }) => [metaPort, metaPort + 1, dataPort, dataPort + 1].includes(port));
    return {
      listen: (address, options) => inner.listen(address, options),
      resolves: (host) => inner.resolves(host),
      connect: (address, options) => {
        const to = indexOf(address.port);
        return this.#connection(inner.connect(address, options), () => this.#cut.has(to) || this.#cut.has(index));
      },
    };
  }

  #connection(inner: Connection, isCut: () => boolean): Connection {
    const refuse = () => new RingtideError("NET_UNREACHABLE", "cut off by the test");
    return {
      unary: async (method, request, options) => {
        if (isCut()) throw refuse();
        return inner.unary(method, request, options);
      },
      serverStream: async function* (method, request, options) {
        if (isCut()) throw refuse();
        yield* inner.serverStream(method, request, options);
      },
      duplex: (method) => lossy(inner.duplex(method), isCut),
      close: () => inner.close(),
    };
  }
}

function lossy(stream: MessageStream, isCut: () => boolean): MessageStream {
  return {
    get queuedBytes() {
      return stream.queuedBytes;
    },
    write: (message) => isCut() || stream.write(message),
    drained: () => stream.drained(),
    onMessage: (handler) => stream.onMessage((message) => isCut() || handler(message)),
    onClose: (handler) => stream.onClose(handler),
    pause: (paused) => stream.pause(paused),
    close: (error) => stream.close(error),
  };
}
