import { expect, it } from "vitest";
import { RingtideError } from "../errors.ts";
import { type Caller, sleep } from "../ports/index.ts";
import {
  bytesOf,
  dial,
  echo,
  listen,
  MAX_MESSAGE_BYTES,
  type NetFixture,
  serve,
  TIMEOUT,
  textOf,
} from "./net-support.ts";
import { expectCode, pattern } from "./support.ts";

export function unaryCalls(given: () => NetFixture): void {
  it("answers each of many calls at the same time with its own answer", async () => {
    const { connection } = await serve(given(), {
      unary: { Double: async (request) => bytesOf(textOf(request).repeat(2)) },
    });
    const calls = Array.from({ length: 100 }, (_, i) => connection.unary("Double", bytesOf(`${i};`), TIMEOUT));
    const answers = await Promise.all(calls);
    expect(answers.map(textOf)).toEqual(Array.from({ length: 100 }, (_, i) => `${i};${i};`));
  });

  it("carries empty messages and large ones unchanged", async () => {
    const { connection } = await serve(given(), echo);
    expect(await connection.unary("Echo", new Uint8Array(0), TIMEOUT)).toHaveLength(0);
    const large = pattern(MAX_MESSAGE_BYTES - 1024);
    expect(Array.from(await connection.unary("Echo", large, TIMEOUT))).toEqual(Array.from(large));
  });

  it("tells the handler who calls", async () => {
    let caller: Caller | undefined;
    const listener = await listen(given(), {
      unary: {
        Who: async (request, from) => {
          caller = from;
          return request;
        },
      },
    });
    const connection = dial(given(), listener.address.port, { "node-uuid": "n-1" });
    await connection.unary("Who", bytesOf("x"), TIMEOUT);
    expect(caller?.metadata["node-uuid"]).toBe("n-1");
    expect(caller?.remote).toMatch(/:\d+$/);
  });

  it("brings a handler's error to the caller with code, message and details", async () => {
    const { connection } = await serve(given(), {
      unary: {
        async Fail() {
          throw new RingtideError("NOT_LEADER", "node 3 leads: größer", { details: { leader: 3, host: "b" } });
        },
      },
    });
    const error = await connection.unary("Fail", bytesOf(""), TIMEOUT).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RingtideError);
    expect(error).toMatchObject({ code: "NOT_LEADER", details: { leader: 3, host: "b" } });
    expect((error as RingtideError).message).toContain("node 3 leads: größer");
  });

  it("makes any other error of a handler INTERNAL, and lives on", async () => {
    const { connection } = await serve(given(), {
      unary: {
        async Fail() {
          throw new TypeError("a bug");
        },
        Echo: async (request) => request,
      },
    });
    await expectCode(connection.unary("Fail", bytesOf(""), TIMEOUT), "INTERNAL");
    expect(textOf(await connection.unary("Echo", bytesOf("on"), TIMEOUT))).toBe("on");
  });

  it("refuses a method that the service does not have", async () => {
    const { connection } = await serve(given(), echo);
    await expect(connection.unary("Nothing", bytesOf(""), TIMEOUT)).rejects.toBeInstanceOf(RingtideError);
  });

  it("asks authorize before the handler", async () => {
    let handled = 0;
    const listener = await listen(
      given(),
      {
        unary: {
          Echo: async (request) => {
            handled++;
            return request;
          },
        },
      },
      {
        authorize(caller) {
          if (caller.metadata["node-secret"] !== "s") throw new RingtideError("UNAUTHENTICATED", "wrong secret");
        },
      },
    );
    const stranger = dial(given(), listener.address.port, { "node-secret": "t" });
    await expectCode(stranger.unary("Echo", bytesOf("x"), TIMEOUT), "UNAUTHENTICATED");
    expect(handled).toBe(0);
    const friend = dial(given(), listener.address.port, { "node-secret": "s" });
    expect(textOf(await friend.unary("Echo", bytesOf("x"), TIMEOUT))).toBe("x");
  });

  it("gives up at the time-out, and the connection stays usable", async () => {
    const { connection } = await serve(given(), {
      unary: {
        Slow: async (request) => {
          await sleep(given().clock, 1_000);
          return request;
        },
        Echo: async (request) => request,
      },
    });
    const startMs = given().clock.monotonicMs();
    await expectCode(connection.unary("Slow", bytesOf("x"), { timeoutMs: 50 }), "NET_TIMEOUT");
    expect(given().clock.monotonicMs() - startMs).toBeLessThan(900);
    expect(textOf(await connection.unary("Echo", bytesOf("on"), TIMEOUT))).toBe("on");
  });

  it("ends a call when its signal aborts", async () => {
    const { connection } = await serve(given(), {
      unary: { Slow: (request) => sleep(given().clock, 3_000).then(() => request) },
    });
    const abort = new AbortController();
    const call = connection.unary("Slow", bytesOf("x"), { ...TIMEOUT, signal: abort.signal });
    abort.abort(new Error("no longer wanted"));
    await expect(call).rejects.toThrow();
  });

  it("refuses a request or an answer above the limit, and the connection stays usable", async () => {
    let handled = 0;
    const { connection } = await serve(given(), {
      unary: {
        Echo: async (request) => {
          handled++;
          return request;
        },
        Large: async () => new Uint8Array(MAX_MESSAGE_BYTES * 2),
      },
    });
    const tooLarge = new Uint8Array(MAX_MESSAGE_BYTES * 2);
    await expectCode(connection.unary("Echo", tooLarge, TIMEOUT), "TABLET_TOO_LARGE", "FRAME_MALFORMED");
    expect(handled).toBe(0);
    await expectCode(connection.unary("Large", bytesOf(""), TIMEOUT), "TABLET_TOO_LARGE", "FRAME_MALFORMED");
    expect(textOf(await connection.unary("Echo", bytesOf("on"), TIMEOUT))).toBe("on");
  });
}
