import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { choosePorts } from "@ringtide/cli";
import { connect } from "@ringtide/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/cluster.ts";
import { Cluster } from "./support/cluster.ts";
import { Load } from "./support/load.ts";
import { LOOPBACK } from "./support/network.ts";
import { Proxies } from "./support/proxies.ts";
import { FAST } from "./support/settings.ts";
import { filesAgree, lossOf } from "./support/verify.ts";

/** A harness that sees nothing finds nothing: what the other tests look for is planted here. */
describe("the checks of the harness", () => {
  let cluster: Cluster;
  let load: Load;
  beforeAll(async () => {
    cluster = await Cluster.start({ program: "server" });
    load = await Load.start({ addresses: cluster.addresses, writers: 3, textBytes: 20 });
    await load.goesOn("the start");
    await load.stop();
    await cluster.caughtUp();
  });
  afterAll(() => cluster?.end());

  it("find every acknowledged row where nothing is wrong, and the same files everywhere", async () => {
    expect(load.acknowledgedRows).toBeGreaterThan(0);
    expect(await lossOf(cluster, load)).toEqual({ lostRows: 0, wrongRows: 0, examples: [] });
    expect(await filesAgree(cluster)).toBeGreaterThan(0);
  });

  it("see a file of which one node has other bytes", async () => {
    const groups = `${cluster.node(2).spec.dataDirectory}/groups`;
    const name = readdirSync(groups, { recursive: true, encoding: "utf8" }).find((each) => each.endsWith(".tsfile"));
    const bytes = readFileSync(`${groups}/${name}`);
    writeFileSync(`${groups}/${name}`, Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]));
    await expect(filesAgree(cluster, 0)).rejects.toThrow(/the same files/);
    writeFileSync(`${groups}/${name}`, bytes);
    await filesAgree(cluster);
  });

  it("miss a row that is gone, and see one that has another value, on each node", async () => {
    const device = load.writers[0]?.device;
    const session = await connect({ addresses: cluster.addresses });
    await session.execute(`DELETE FROM ${device}.* WHERE time = 3`);
    await session.execute(`INSERT INTO ${device}(time, v) VALUES (4, -1)`);
    await session.close();
    await cluster.caughtUp();
    const { lostRows, wrongRows, examples } = await lossOf(cluster, load);
    expect({ lostRows, wrongRows }).toEqual({ lostRows: 3, wrongRows: 3 });
    expect(examples).toContain(`${device} at 3 on ${cluster.node(1).rpc}: acknowledged, not found`);
  });
});

describe("the relays", () => {
  let network: Proxies;
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
    await network.close();
  });

  /** What has arrived at one end of a connection. */
  class End {
    readonly socket: Socket;
    text = "";
    isClosed = false;

    constructor(socket: Socket) {
      this.socket = socket;
      sockets.push(socket);
      socket.on("data", (bytes) => {
        this.text += String(bytes);
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.isClosed = true;
      });
    }
  }

  /** A connection that node 1 has dialled to node 2. */
  async function connectThrough(): Promise<{ near: End; far: End }> {
    network = new Proxies();
    const ports = await choosePorts(2, undefined);
    const port = ports[1]?.data ?? 0;
    const accepted = Promise.withResolvers<End>();
    const server = createServer((socket) => accepted.resolve(new End(socket)));
    servers.push(server);
    await new Promise<void>((done) => server.listen(port, LOOPBACK, done));
    await network.open(ports);
    const relay = network.dialOf(1)[`${LOOPBACK}:${port}`] ?? "";
    const socket = new Socket();
    socket.connect(Number(relay.slice(relay.lastIndexOf(":") + 1)), LOOPBACK);
    return { near: new End(socket), far: await accepted.promise };
  }

  const arrives = (end: End, text: string) =>
    eventually(`'${text}' arrives, not '${end.text}'`, 10_000, () => Promise.resolve(end.text === text));

  it("cut one direction and leave the other; what was held back comes in order", async () => {
    const { near, far } = await connectThrough();
    near.socket.write("a");
    await arrives(far, "a");
    network.cut(1, 2);
    near.socket.write("b");
    far.socket.write("x");
    await arrives(near, "x");
    near.socket.write("c");
    far.socket.write("y");
    await arrives(near, "xy");
    expect(far.text).toBe("a");
    network.heal();
    await arrives(far, "abc");
  });

  it("delay what goes one way", async () => {
    const { near, far } = await connectThrough();
    network.slow(1, 2, 150, 0);
    const sinceMs = performance.now();
    near.socket.write("a");
    await arrives(far, "a");
    expect(performance.now() - sinceMs).toBeGreaterThan(140);
  });

  it("end the connections between two nodes", async () => {
    const { near, far } = await connectThrough();
    network.reset(2, 1);
    await eventually("both ends are closed", 10_000, () => Promise.resolve(near.isClosed && far.isClosed));
  });
});

it("measures short time-outs as the manual gives them", () => {
  const manual = readFileSync("docs/operations.md", "utf8");
  const block = /## Shorter pauses\n.*?```properties\n(.*?)```/s.exec(manual)?.[1] ?? "";
  expect(
    Object.fromEntries(
      block
        .trimEnd()
        .split("\n")
        .map((line) => line.split("=")),
    ),
  ).toEqual(FAST);
});
