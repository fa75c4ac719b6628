import type { Clock, GroupNumber, MessageStream, Timer } from "@ringtide/common";
import { asRingtideError, detailsJson, hasCode, isErrorCode, parseDetails, RingtideError } from "@ringtide/common";
import { decodeMessage, encodeMessage, ForwardRequest, ForwardResponse, type Init } from "@ringtide/proto";
import type { EntryKind } from "@ringtide/raft";

/** A write on its way to the leader of a group. */
export interface Proposal {
  readonly group: GroupNumber;
  readonly kind: EntryKind;
  readonly session: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Where and how a proposal was applied. */
export interface Applied {
  readonly index: number;
  readonly affected: number;
}

interface Pending {
  readonly group: GroupNumber;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/** Bounds of what waits for one peer, and of what of it has not left yet; more is refused at once. */
const MAX_PENDING = 4096;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Sends proposals to one peer over one stream and matches the answers. */
export class Forwarder {
  readonly #open: () => MessageStream;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #stream: MessageStream | undefined;
  #nextId = 1;

  constructor(open: () => MessageStream, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** Rejects with the leader's error, or NET_TIMEOUT, NET_CLOSED (outcome unknown), NET_UNREACHABLE, OVERLOADED. */
  send(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new RingtideError("OVERLOADED", `${MAX_PENDING} writes wait for the leader already`));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const stream = this.#ensureStream();
      const { queuedBytes } = stream;
      if (queuedBytes > 0 && queuedBytes + proposal.payload.length > MAX_QUEUED_BYTES)
        throw new RingtideError("OVERLOADED", `${queuedBytes} bytes of writes wait for the way to the leader already`);
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#pending.delete(id);
        reject(
          new RingtideError("NET_TIMEOUT", `the leader did not answer a write within ${Math.round(timeoutMs)} ms`),
        );
      });
      this.#pending.set(id, { group: proposal.group, resolve, reject, timer });
      stream.write(encodeMessage(ForwardRequest, { id, ...proposal }));
    });
  }

  #ensureStream(): MessageStream {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#open();
    this.#stream = stream;
    stream.onMessage((message) => this.#answer(decodeMessage(ForwardResponse, message, "forward response")));
    stream.onClose((error) => {
      if (this.#stream === stream) this.#stream = undefined;
      this.#failAll(streamLost(error));
    });
    return stream;
  }

  #answer(response: ForwardResponse): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined) return; // timed out before
    this.#pending.delete(response.id);
    pending.timer.cancel();
    if (response.errorCode === "") pending.resolve({ index: response.index, affected: response.affected });
    else pending.reject(errorOf(response));
  }

  #failAll(error: Error): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) {
      pending.timer.cancel();
      pending.reject(error);
    }
  }

  /** The peer does not lead the group any more: what waits there for it fails with LEADERSHIP_LOST. */
  failGroup(group: GroupNumber): void {
    for (const [id, pending] of this.#pending) {
      if (pending.group !== group) continue;
      this.#pending.delete(id);
      pending.timer.cancel();
      pending.reject(new RingtideError("LEADERSHIP_LOST", "the group has another leader than the node that was asked"));
    }
  }

  close(): void {
    this.#stream?.close();
    this.#failAll(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
  }
}

/** A message that one side could not read ended the stream: of the other writes on it nothing is known. */
function streamLost(error: Error | undefined): Error {
  if (error === undefined) return new RingtideError("NET_CLOSED", "the peer ended the stream");
  if (!hasCode(error, "FRAME_MALFORMED")) return error;
  return new RingtideError("NET_CLOSED", `the stream to the leader was closed: ${error.message}`, { cause: error });
}

function errorOf(response: ForwardResponse): RingtideError {
  const code = isErrorCode(response.errorCode) ? response.errorCode : "INTERNAL";
  return new RingtideError(code, response.errorMessage, { details: parseDetails(response.errorDetails) });
}

/** The leader's side: answers each request of a peer's stream with what `propose` says. A request that cannot be read ends the stream. */
export function serveForward(stream: MessageStream, propose: (proposal: Proposal) => Promise<Applied>): void {
  let running = 0;
  const answer = (response: Init<ForwardResponse>) => {
    stream.write(encodeMessage(ForwardResponse, response));
    running--;
    if (running === MAX_PENDING - 1) stream.pause(false);
  };
  stream.onMessage((message) => {
    const request = decodeMessage(ForwardRequest, message, "forward request");
    if (++running === MAX_PENDING) stream.pause(true);
    propose({
      group: request.group,
      kind: request.kind as EntryKind,
      session: request.session,
      sequence: request.sequence,
      payload: request.payload,
    }).then(
      (applied) => answer({ id: request.id, ...applied }),
      (error: unknown) => {
        const known = asRingtideError(error);
        answer({
          id: request.id,
          errorCode: known.code,
          errorMessage: known.message,
          errorDetails: detailsJson(known),
        });
      },
    );
  });
  stream.onClose(() => undefined);
}
