import { type ClientHttp2Session, connect } from "node:http2";

const FRAME_HEAD_BYTES = 5;
const OK = "0";

/** Unary gRPC calls over one HTTP/2 session. A client that costs as little as it can: what it takes on a shared machine, etcd lacks. */
export class EtcdClient {
  readonly #session: ClientHttp2Session;

  constructor(address: string) {
    this.#session = connect(`http://${address}`);
    this.#session.on("error", () => undefined); // each call has its own
  }

  call(path: string, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const parts: Buffer[] = [];
      let status: unknown = "no status";
      stream.on("response", (headers) => {
        status = headers["grpc-status"] ?? status;
      });
      stream.on("trailers", (trailers) => {
        status = trailers["grpc-status"];
      });
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("error", reject);
      stream.on("end", () => {
        if (status === OK) resolve(Buffer.concat(parts).subarray(FRAME_HEAD_BYTES));
        else reject(new Error(`etcd answers ${path} with status ${String(status)}`));
      });
      const head = Buffer.alloc(FRAME_HEAD_BYTES);
      head.writeUInt32BE(request.length, 1);
      stream.end(Buffer.concat([head, request]));
    });
  }

  close(): void {
    this.#session.destroy();
  }
}
