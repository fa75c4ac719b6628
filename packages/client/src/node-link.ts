import { type Address, type Connection, type Net, RingtideError } from "@ringtide/common";
import {
  CLIENT_PROTOCOL,
  CLIENT_SERVICE,
  CloseSessionRequest,
  decodeMessage,
  encodeMessage,
  OpenSessionRequest,
  OpenSessionResponse,
} from "@ringtide/proto";
import { addressText } from "./addresses.ts";
import { InsertStream } from "./insert-stream.ts";

/** A dead node must be noticed before a writer's pause is felt. */
const CONNECT_TIMEOUT_MS = 1000;
/** Above every limit that a node has for one message; its own limit counts. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

export interface LinkSettings {
  readonly net: Net;
  readonly session: number;
  readonly clientName: string;
  readonly zone: string;
  readonly user: string;
  readonly password: string;
  readonly requestTimeoutMs: number;
}

/** One node as the session sees it: the session opened there, a connection for statements and one for inserts. */
export class NodeLink {
  readonly address: string;
  readonly calls: Connection;
  /** Monotonic time before which the node is not asked again unless all are down. */
  downUntilMs = 0;
  readonly #inserts: Connection;
  readonly #settings: LinkSettings;
  #opening: Promise<OpenSessionResponse> | undefined;
  #stream: InsertStream | undefined;

  constructor(address: Address, settings: LinkSettings) {
    this.address = addressText(address);
    this.#settings = settings;
    const options = {
      service: CLIENT_SERVICE,
      metadata: {},
      maxMessageBytes: MAX_MESSAGE_BYTES,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    };
    this.calls = settings.net.connect(address, options);
    this.#inserts = settings.net.connect(address, options);
  }

  /** Opens the session at this node, once. */
  open(): Promise<OpenSessionResponse> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<OpenSessionResponse> {
    const { session, clientName, zone, user, password, requestTimeoutMs } = this.#settings;
    const request = encodeMessage(OpenSessionRequest, {
      session,
      clientName,
      zone,
      user,
      password,
      protocolMin: CLIENT_PROTOCOL.min,
      protocolMax: CLIENT_PROTOCOL.max,
    });
    const answer = await this.calls.unary("OpenSession", request, { timeoutMs: requestTimeoutMs });
    const opened = decodeMessage(OpenSessionResponse, answer, "answer to open session");
    if (opened.protocol < CLIENT_PROTOCOL.min || opened.protocol > CLIENT_PROTOCOL.max)
      throw new RingtideError("UNSUPPORTED", `${this.address} speaks protocol ${opened.protocol}: update the client`);
    return opened;
  }

  /** The node does not know the session any more (it was restarted): it is opened again before the next use. */
  forgetSession(): void {
    this.#opening = undefined;
    this.#stream?.close();
    this.#stream = undefined;
  }

  /** The stream for inserts; made anew after it broke. */
  insertStream(): InsertStream {
    if (this.#stream === undefined) {
      const stream: InsertStream = new InsertStream(this.#inserts.duplex("Insert"), () => {
        if (this.#stream === stream) this.#stream = undefined;
      });
      this.#stream = stream;
    }
    return this.#stream;
  }

  /** Tells the node that the session ends, if it can be told, and closes the connections. */
  async close(): Promise<void> {
    this.#stream?.close();
    if (this.#opening !== undefined) {
      const request = encodeMessage(CloseSessionRequest, { session: this.#settings.session });
      // A node that cannot be told forgets the session after a while by itself.
      await this.calls.unary("CloseSession", request, { timeoutMs: CONNECT_TIMEOUT_MS }).catch(() => undefined);
    }
    this.calls.close();
    this.#inserts.close();
  }
}
