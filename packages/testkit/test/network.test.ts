import type { Connection, MessageStream, ServiceHandlers } from "@ringtide/common";
import { sleep, utf8Bytes, utf8Text } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import { type Machine, World } from "../src/index.ts";

const PORT = 7000;
const SERVICE = "test.Service";

/** A server and a client on machines of their own, and one duplex stream between them. */
class Pair {
  readonly world = new World(1);
  readonly server: Machine = this.world.addMachine("server");
  readonly client: Machine = this.world.addMachine("client");
  readonly got: string[] = [];
  readonly closed: { end: string; code: unknown; atMs: number }[] = [];
  connection: Connection | undefined;
  stream: MessageStream | undefined;

  async open(method = "Talk"): Promise<void> {
    this.client.start();
    await this.serve(method);
    this.connect(method);
    await this.run(10);
    expect(this.got).toEqual(["hello"]);
  }

  async serve(method = "Talk"): Promise<void> {
    const handlers: ServiceHandlers = {
      unary: { Echo: async (request) => request },
      duplex: {
        [method]: (stream) => {
          stream.onMessage((message) => this.got.push(utf8Text(message)));
          stream.onClose((error) => this.#closed("server", error));
        },
      },
    };
    const limits = { maxConnections: 10, maxMessageBytes: 1e6 };
    const { net } = this.server.start();
    await this.for(net.listen({ host: "server", port: PORT }, { service: SERVICE, handlers, ...limits }));
  }

  connect(method = "Talk"): void {
    const { process } = this.client;
    if (process === undefined) throw new Error("the client runs");
    const options = { service: SERVICE, metadata: {}, maxMessageBytes: 1e6, connectTimeoutMs: 1000 };
    this.connection = process.net.connect({ host: "server", port: PORT }, options);
    this.stream = this.connection.duplex(method);
    this.stream.onMessage(() => undefined);
    this.stream.onClose((error) => this.#closed("client", error));
    this.stream.write(utf8Bytes("hello"));
  }

  #closed(end: string, error: Error | undefined): void {
    this.closed.push({ end, code: error && "code" in error ? error.code : undefined, atMs: this.world.nowMs });
  }

  run(forMs: number): Promise<void> {
    return this.world.scheduler.run(this.world.nowMs + forMs);
  }

  for<T>(work: Promise<T>): Promise<T> {
    return this.world.scheduler.runFor(work, this.world.nowMs + 60_000);
  }

  say(...texts: readonly string[]): void {
    for (const text of texts) this.stream?.write(utf8Bytes(text));
  }

  echo(timeoutMs = 20_000): Promise<string> {
    const call =
      this.connection?.unary("Echo", utf8Bytes("x"), { timeoutMs }) ?? Promise.reject(new Error("no connection"));
    return call.then(utf8Text);
  }
}

async function opened(method?: string): Promise<Pair> {
  const pair = new Pair();
  await pair.open(method);
  return pair;
}

describe("a way that is cut", () => {
  it("delivers in order what was sent meanwhile when it is open again soon", async () => {
    const pair = await opened();
    pair.world.network.cutBoth("client", "server");
    pair.say("a", "b");
    await pair.run(3000);
    expect(pair.got).toEqual(["hello"]);
    pair.world.network.healAll();
    pair.say("c");
    await pair.run(1000);
    expect(pair.got).toEqual(["hello", "a", "b", "c"]);
    expect(pair.closed).toEqual([]);
  });

  it("breaks connections at both ends after the keepalive's time, one direction being enough", async () => {
    for (const [from, to] of [
      ["client", "server"],
      ["server", "client"],
    ] as const) {
      const pair = await opened();
      pair.world.network.cut(from, to);
      await pair.run(15_000);
      expect(pair.closed.map(({ end }) => end).sort()).toEqual(["client", "server"]);
      for (const { code, atMs } of pair.closed) {
        expect(code).toBe("NET_CLOSED");
        expect(atMs).toBeGreaterThan(5000);
        expect(atMs).toBeLessThan(11_000);
      }
      await expect(pair.for(pair.echo())).rejects.toMatchObject({ code: "NET_UNREACHABLE" });
      pair.world.network.heal(from, to);
      expect(await pair.for(pair.echo())).toBe("x");
    }
  });

  it("lets a connection attempt through when it opens in time", async () => {
    const pair = await opened();
    pair.world.network.reset("client", "server");
    await pair.run(100);
    pair.world.network.partition(["client"], ["server"]);
    const call = pair.echo();
    await pair.run(300);
    pair.world.network.healAll();
    expect(await pair.for(call)).toBe("x");
  });
});

describe("the end of a process", () => {
  it("is told to its peers at once when it is killed", async () => {
    const pair = await opened();
    pair.server.kill();
    await pair.run(100);
    expect(pair.closed).toMatchObject([{ end: "client", code: "NET_CLOSED" }]);
    await expect(pair.for(pair.echo())).rejects.toMatchObject({ code: "NET_UNREACHABLE" });
    await pair.serve();
    expect(await pair.for(pair.echo())).toBe("x");
  });

  it("is noticed by silence when the power fails, or by a reset once the machine is back", async () => {
    const silent = await opened();
    silent.server.losePower();
    silent.say("into the void");
    await silent.run(4000);
    expect(silent.closed).toEqual([]);
    await silent.run(8000);
    expect(silent.closed).toMatchObject([{ end: "client", code: "NET_CLOSED" }]);

    const back = await opened();
    back.server.losePower();
    await back.run(1000);
    await back.serve();
    back.say("to the dead");
    await back.run(100);
    expect(back.closed).toMatchObject([{ end: "client", code: "NET_CLOSED" }]);
    expect(back.got).toEqual(["hello"]);
  });

  it("takes the calls of its clients with it, without a trace", async () => {
    const pair = await opened();
    let settled = false;
    pair.echo().then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    pair.client.kill();
    await pair.run(30_000);
    expect(settled).toBe(false);
    expect(pair.closed).toMatchObject([{ end: "server", code: "NET_CLOSED" }]);
    expect(pair.world.network.openEnds).toBe(0);
  });
});

describe("a paused process", () => {
  it("gets what was sent to it when it goes on, if that is soon", async () => {
    const pair = await opened();
    pair.server.process?.pause();
    pair.say("a", "b");
    await pair.run(3000);
    expect(pair.got).toEqual(["hello"]);
    pair.server.process?.resume();
    await pair.run(10);
    expect(pair.got).toEqual(["hello", "a", "b"]);
  });

  it("loses its connections when it sleeps for longer than its peers wait", async () => {
    const pair = await opened();
    pair.server.process?.pause();
    await pair.run(20_000);
    expect(pair.closed).toMatchObject([{ end: "client", code: "NET_CLOSED" }]);
    pair.server.process?.resume();
    await pair.run(1000);
    expect(pair.closed).toHaveLength(2);
  });
});

describe("messages of a method with faults", () => {
  it("are dropped, doubled and reordered, and those of other methods are not", async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => String(i));
    for (const method of ["Raft", "Forward"]) {
      const pair = await opened(method);
      pair.world.network.messageFaults = {
        methods: ["Raft", "Beats"],
        dropChance: 0.1,
        duplicateChance: 0.1,
        reorderChance: 0.1,
        reorderMs: 5,
      };
      for (const number of numbers) {
        pair.say(number);
        await pair.run(0.3);
      }
      await pair.run(100);
      const got = pair.got.slice(1);
      if (method === "Forward") {
        expect(got).toEqual(numbers);
        continue;
      }
      const distinct = new Set(got);
      expect(distinct.size).toBeLessThan(480);
      expect(distinct.size).toBeGreaterThan(400);
      expect(got.length).toBeGreaterThan(distinct.size + 10);
      expect(got.some((text, i) => i > 0 && Number(text) < Number(got[i - 1]))).toBe(true);
    }
  });
});

describe("the network", () => {
  it("resets connections, delays one direction, and takes time for bytes", async () => {
    const pair = await opened();
    pair.world.network.delay("client", "server", 500);
    const beganMs = pair.world.nowMs;
    await pair.for(pair.echo());
    expect(pair.world.nowMs - beganMs).toBeGreaterThan(500);
    pair.world.network.reset("client", "server");
    await pair.run(1000);
    expect(pair.closed).toMatchObject([{ code: "NET_CLOSED" }, { code: "NET_CLOSED" }]);
  });

  it("gives a receiver bytes of its own", async () => {
    const pair = await opened();
    const bytes = utf8Bytes("before");
    pair.stream?.write(bytes);
    bytes.fill(0);
    await pair.run(10);
    expect(pair.got).toEqual(["hello", "before"]);
  });

  it("keeps time-outs of a call by the caller's clock", async () => {
    const pair = await opened();
    pair.client.setClockRate(0.5);
    pair.world.network.cutBoth("client", "server");
    const beganMs = pair.world.nowMs;
    await expect(pair.for(pair.echo(1000))).rejects.toMatchObject({ code: "NET_TIMEOUT" });
    expect(pair.world.nowMs - beganMs).toBeCloseTo(2000, 0);
    const { clock } = pair.client.process ?? pair.client.start();
    await pair.for(sleep(clock, 1));
  });
});
