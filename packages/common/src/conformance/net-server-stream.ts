import { expect, it } from "vitest";
import { RingtideError } from "../errors.ts";
import { sleep } from "../ports/index.ts";
import { bytesOf, collect, MAX_MESSAGE_BYTES, type NetFixture, serve, TIMEOUT, textOf } from "./net-support.ts";
import { eventually, expectCode, pattern } from "./support.ts";

export function serverStreams(given: () => NetFixture): void {
  it("streams messages in order to the end", async () => {
    const { connection } = await serve(given(), {
      serverStream: {
        async *Count(request) {
          for (let i = 0; i < Number(textOf(request)); i++) yield bytesOf(String(i));
        },
      },
    });
    const wanted = Array.from({ length: 500 }, (_, i) => String(i));
    expect(await collect(connection.serverStream("Count", bytesOf("500"), TIMEOUT))).toEqual(wanted);
    expect(await collect(connection.serverStream("Count", bytesOf("0"), TIMEOUT))).toEqual([]);
  });

  it("gives what came before an error, then the error with its code", async () => {
    const { connection } = await serve(given(), {
      serverStream: {
        async *Break() {
          yield bytesOf("a");
          throw new RingtideError("QUERY_TOO_LARGE", "no memory");
        },
      },
    });
    const got: string[] = [];
    const read = async () => {
      for await (const message of connection.serverStream("Break", bytesOf(""), TIMEOUT)) got.push(textOf(message));
    };
    await expectCode(read(), "QUERY_TOO_LARGE");
    expect(got).toEqual(["a"]);
  });

  it("stops the handler when the caller leaves early", async () => {
    const seen = { cleanedUp: false, aborted: false };
    const { connection } = await serve(given(), {
      serverStream: {
        async *Endless(_request, _caller, signal) {
          signal.addEventListener("abort", () => {
            seen.aborted = true;
          });
          try {
            for (let i = 0; ; i++) {
              yield bytesOf(String(i));
              await sleep(given().clock, 1);
            }
          } finally {
            seen.cleanedUp = true;
          }
        },
      },
    });
    for await (const message of connection.serverStream("Endless", bytesOf(""), TIMEOUT)) {
      if (textOf(message) === "3") break;
    }
    await eventually(given().clock, "the handler learns of it", () => seen.cleanedUp && seen.aborted);
  });

  it("stops the handler when the caller's signal aborts", async () => {
    let cleanedUp = false;
    const { connection } = await serve(given(), {
      serverStream: {
        async *Endless() {
          try {
            for (;;) {
              yield bytesOf("x");
              await sleep(given().clock, 1);
            }
          } finally {
            cleanedUp = true;
          }
        },
      },
    });
    const abort = new AbortController();
    const stream = connection.serverStream("Endless", bytesOf(""), { ...TIMEOUT, signal: abort.signal });
    const read = async () => {
      for await (const _ of stream) abort.abort(new Error("no longer wanted"));
    };
    await expect(read()).rejects.toThrow();
    await eventually(given().clock, "the handler ends", () => cleanedUp);
  });

  it("ends a stream that takes longer than its time-out", async () => {
    const { connection } = await serve(given(), {
      serverStream: {
        async *Stuck() {
          yield bytesOf("first");
          await sleep(given().clock, 2_000);
        },
      },
    });
    await expectCode(collect(connection.serverStream("Stuck", bytesOf(""), { timeoutMs: 100 })), "NET_TIMEOUT");
  });

  it("holds the handler back while the caller does not read", async () => {
    const messageBytes = MAX_MESSAGE_BYTES / 2;
    const total = 1_000;
    let produced = 0;
    const { connection } = await serve(given(), {
      serverStream: {
        async *Flood() {
          for (; produced < total; produced++) yield pattern(messageBytes);
        },
      },
    });
    const messages = connection.serverStream("Flood", bytesOf(""), TIMEOUT)[Symbol.asyncIterator]();
    await messages.next();
    await sleep(given().clock, 300);
    expect(produced).toBeLessThan(total / 2);
    await messages.return?.();
  });
}
