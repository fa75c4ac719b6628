import type { StreamEnd } from "./stream-end.ts";

/** The messages of a stream, each taken from it when it is asked for. */
export async function* messagesOf(stream: StreamEnd): AsyncGenerator<Uint8Array> {
  let next: Uint8Array | undefined;
  let ended: { readonly error: Error | undefined } | undefined;
  let wake = () => {};
  stream.onMessage((message) => {
    stream.pause(true);
    next = message;
    wake();
  });
  stream.onClose((error) => {
    ended = { error };
    wake();
  });
  for (;;) {
    if (next !== undefined) {
      const message = next;
      next = undefined;
      yield message;
      stream.pause(false);
    } else if (ended !== undefined) {
      if (ended.error !== undefined) throw ended.error;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
