import type { MessageStream } from "@ringtide/common";
import { asRingtideError, detailsJson, RingtideError } from "@ringtide/common";
import { decodeMessage, encodeMessage, type Init, InsertRequest, InsertResponse } from "@ringtide/proto";
import type { ClientDoorOptions } from "./client-door.ts";
import { redirectTo } from "./redirect.ts";

/** One client's stream of tablets: each is answered by its sequence, in any order. Reading stops while too much is under way. */
export class InsertStream {
  readonly #stream: MessageStream;
  readonly #options: ClientDoorOptions;
  #requests = 0;
  #bytes = 0;
  #paused = false;
  #closed = false;

  constructor(stream: MessageStream, options: ClientDoorOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.onMessage((message) => this.#receive(message));
    stream.onClose(() => {
      this.#closed = true;
    });
  }

  #receive(message: Uint8Array): void {
    let request: InsertRequest;
    try {
      request = decodeMessage(InsertRequest, message, "insert");
      if (request.sequence < 1) throw new RingtideError("SEQUENCE_INVALID", "an insert needs a sequence ≥ 1");
    } catch (error) {
      this.#stream.close(asRingtideError(error));
      return;
    }
    this.#requests++;
    this.#bytes += message.length;
    this.#flow();
    this.#insert(request)
      .then((response) => this.#answer(response))
      .finally(() => {
        this.#requests--;
        this.#bytes -= message.length;
        this.#flow();
      })
      .catch((error: unknown) => this.#stream.close(asRingtideError(error)));
  }

  /** A client that keeps its window is never paused. */
  #flow(): void {
    const { insertWindowRequests, insertWindowBytes } = this.#options;
    const full = this.#requests > insertWindowRequests || this.#bytes > insertWindowBytes * 2;
    if (full === this.#paused) return;
    this.#paused = full;
    this.#stream.pause(full);
  }

  async #insert(request: InsertRequest): Promise<Init<InsertResponse>> {
    const { sessions, cluster } = this.#options;
    try {
      const session = sessions.session(request.session);
      const { affected, group } = await sessions.insert(session, request, request.blocks);
      return { sequence: request.sequence, affected, redirect: redirectTo(cluster, group) };
    } catch (error) {
      const known = asRingtideError(error);
      const { code, message } = known;
      return { sequence: request.sequence, error: { code, message, detailsJson: detailsJson(known) } };
    }
  }

  #answer(response: Init<InsertResponse>): void {
    if (!this.#closed) this.#stream.write(encodeMessage(InsertResponse, response));
  }
}
