import { type Listener, type MessageStream, nullLogger, type ServiceHandlers } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import {
  CancelRequest,
  CLIENT_SERVICE,
  decodeMessage,
  ExecuteRequest,
  ExecuteResponse,
  encodeMessage,
  type Init,
  InsertRequest,
  InsertResponse,
  OpenSessionRequest,
  OpenSessionResponse,
} from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";

/** What a test wants of an insert; `undefined`: no answer at all. */
export type OnInsert = (request: InsertRequest, stream: MessageStream) => Init<InsertResponse> | undefined;
export type OnExecute = (request: ExecuteRequest, signal: AbortSignal) => AsyncIterable<Init<ExecuteResponse>>;

/** A door that speaks the client protocol over real sockets and does what the test says. */
export class FakeNode {
  readonly net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  readonly inserts: InsertRequest[] = [];
  readonly statements: ExecuteRequest[] = [];
  readonly opened: OpenSessionRequest[] = [];
  readonly cancelled: number[] = [];
  welcome: Init<OpenSessionResponse> = {};
  onInsert: OnInsert = (request) => ({ sequence: request.sequence, affected: 1 });
  onExecute: OnExecute = async function* () {
    yield { header: { operation: "nothing" } };
    yield { done: {} };
  };
  #listener: Listener | undefined;

  get address(): string {
    return `127.0.0.1:${this.#listener?.address.port}`;
  }

  async start(port = 0): Promise<this> {
    const options = { service: CLIENT_SERVICE, handlers: this.#handlers(), maxConnections: 100, maxMessageBytes: 1e8 };
    this.#listener = await this.net.listen({ host: "127.0.0.1", port }, options);
    return this;
  }

  async stop(): Promise<void> {
    await this.#listener?.close(0);
  }

  #handlers(): ServiceHandlers {
    return {
      unary: {
        OpenSession: async (bytes) => {
          this.opened.push(decodeMessage(OpenSessionRequest, bytes, "request"));
          return encodeMessage(OpenSessionResponse, {
            clusterName: "test",
            precision: "ms",
            protocol: 1,
            maxWriteBytes: 1_000_000,
            insertWindowRequests: 8,
            insertWindowBytes: 1_000_000,
            ...this.welcome,
          });
        },
        CloseSession: async () => new Uint8Array(),
        Cancel: async (bytes) => {
          this.cancelled.push(decodeMessage(CancelRequest, bytes, "request").statementId);
          return new Uint8Array();
        },
      },
      serverStream: { Execute: (bytes, _, signal) => this.#execute(bytes, signal) },
      duplex: {
        Insert: (stream) =>
          stream.onMessage((bytes) => {
            const request = decodeMessage(InsertRequest, bytes, "request");
            this.inserts.push(request);
            const answer = this.onInsert(request, stream);
            if (answer !== undefined) stream.write(encodeMessage(InsertResponse, answer));
          }),
      },
    };
  }

  async *#execute(bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const request = decodeMessage(ExecuteRequest, bytes, "request");
    this.statements.push(request);
    for await (const part of this.onExecute(request, signal)) yield encodeMessage(ExecuteResponse, part);
  }
}

/** The answer that an insert fails with. */
export function refusal(sequence: number, code: string): Init<InsertResponse> {
  return { sequence, error: { code, message: `refused: ${code}` } };
}
