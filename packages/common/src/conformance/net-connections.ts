import { expect, it } from "vitest";
import { hasCode } from "../errors.ts";
import { type Connection, sleep } from "../ports/index.ts";
import { bytesOf, dial, echo, listen, type NetFixture, serve, TIMEOUT, textOf } from "./net-support.ts";
import { expectCode } from "./support.ts";

export function connections(given: () => NetFixture): void {
  it("refuses to listen on a port in use", async () => {
    const listener = await listen(given(), echo);
    await expectCode(listen(given(), echo, {}, listener.address.port), "ADDRESS_IN_USE");
  });

  it("fails with NET_UNREACHABLE when nobody listens", async () => {
    const listener = await listen(given(), echo);
    await listener.close(0);
    const connection = dial(given(), listener.address.port);
    await expectCode(connection.unary("Echo", bytesOf("x"), TIMEOUT), "NET_UNREACHABLE");
  });

  it("fails a running call when the server goes away", async () => {
    const { listener, connection } = await serve(given(), {
      unary: { Slow: (request) => sleep(given().clock, 5_000).then(() => request) },
    });
    const call = connection.unary("Slow", bytesOf("x"), TIMEOUT);
    // Looked at before the server is closed, so that the rejection finds somebody.
    const failure = expectCode(call, "NET_CLOSED", "NET_UNREACHABLE");
    await sleep(given().clock, 100);
    await listener.close(0);
    await failure;
  });

  it("lets running calls finish within the grace of a close", async () => {
    const { listener, connection } = await serve(given(), {
      unary: { Slow: (request) => sleep(given().clock, 200).then(() => request) },
    });
    const call = connection.unary("Slow", bytesOf("done"), TIMEOUT);
    await sleep(given().clock, 100);
    const closed = listener.close(5_000);
    expect(textOf(await call)).toBe("done");
    await closed;
  });

  it("connects again by itself when the server is back", async () => {
    const { listener, connection } = await serve(given(), echo);
    await connection.unary("Echo", bytesOf("x"), TIMEOUT);
    await listener.close(0);
    await expectCode(connection.unary("Echo", bytesOf("x"), TIMEOUT), "NET_CLOSED", "NET_UNREACHABLE");
    await listen(given(), echo, {}, listener.address.port);
    expect(await answersWithin(given(), connection, 10_000)).toBe(true);
  });

  it("fails the calls of a closed connection", async () => {
    const { connection } = await serve(given(), echo);
    await connection.unary("Echo", bytesOf("x"), TIMEOUT);
    connection.close();
    await expectCode(connection.unary("Echo", bytesOf("x"), TIMEOUT), "NET_CLOSED", "NET_UNREACHABLE");
  });

  it("keeps to the greatest number of connections", async () => {
    const listener = await listen(given(), echo, { maxConnections: 2 });
    const first = dial(given(), listener.address.port);
    const second = dial(given(), listener.address.port);
    for (const connection of [first, second]) await connection.unary("Echo", bytesOf("x"), TIMEOUT);
    const third = dial(given(), listener.address.port);
    const call = third.unary("Echo", bytesOf("x"), { timeoutMs: 3_000 });
    await expectCode(call, "TOO_MANY_CONNECTIONS", "NET_CLOSED", "NET_UNREACHABLE");
    expect(textOf(await first.unary("Echo", bytesOf("on"), TIMEOUT))).toBe("on");
    second.close();
    expect(await answersWithin(given(), third, 10_000)).toBe(true);
  });

  it("knows which host names resolve", async () => {
    expect(await given().net.resolves(given().host)).toBe(true);
    expect(await given().net.resolves("no-such-host.invalid")).toBe(false);
  });
}

/** True once a call on the connection succeeds, which it tries again and again. */
async function answersWithin({ clock }: NetFixture, connection: Connection, limitMs: number): Promise<boolean> {
  const endMs = clock.monotonicMs() + limitMs;
  while (clock.monotonicMs() < endMs) {
    try {
      await connection.unary("Echo", bytesOf("x"), { timeoutMs: 2_000 });
      return true;
    } catch (error) {
      if (!hasCode(error, "NET_CLOSED", "NET_UNREACHABLE", "NET_TIMEOUT", "TOO_MANY_CONNECTIONS")) throw error;
      await sleep(clock, 50);
    }
  }
  return false;
}
