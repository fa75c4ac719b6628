import { asRingtideError, type MessageStream, RingtideError } from "@ringtide/common";
import { decodeMessage, InsertResponse } from "@ringtide/proto";

interface Waiting {
  resolve(response: InsertResponse): void;
  reject(error: RingtideError): void;
}

/** The inserts on one stream that wait for their answers. When it breaks, all of them fail with what ended it. */
export class InsertStream {
  readonly #stream: MessageStream;
  readonly #waiting = new Map<number, Waiting>();
  #ended: RingtideError | undefined;

  /** `onEnd` is called once, when no further insert can be sent here. */
  constructor(stream: MessageStream, onEnd: () => void) {
    this.#stream = stream;
    stream.onMessage((message) => this.#answer(message));
    stream.onClose((error) => {
      this.#fail(asRingtideError(error ?? new RingtideError("NET_CLOSED", "the node ended the insert stream")));
      onEnd();
    });
  }

  /** The bounds on what is on the way are the caller's window. */
  send(sequence: number, request: Uint8Array): Promise<InsertResponse> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#waiting.set(sequence, { resolve, reject });
      this.#stream.write(request);
    });
  }

  /** The caller no longer waits for this one. */
  forget(sequence: number): void {
    this.#waiting.delete(sequence);
  }

  /** What still waits for its answer fails with NET_CLOSED. */
  close(): void {
    if (this.#waiting.size === 0) this.#stream.close();
    else this.#stream.close(new RingtideError("NET_CLOSED", "the insert stream was closed on this side"));
  }

  #answer(message: Uint8Array): void {
    let response: InsertResponse;
    try {
      response = decodeMessage(InsertResponse, message, "answer to an insert");
    } catch (error) {
      this.#stream.close(asRingtideError(error));
      return;
    }
    this.#waiting.get(response.sequence)?.resolve(response);
    this.#waiting.delete(response.sequence);
  }

  #fail(error: RingtideError): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
