import { once } from "node:events";
import { createServer, type Server, Socket } from "node:net";
import type { NodePorts } from "@ringtide/cli";
import { LOOPBACK, type Network } from "./network.ts";

/** One direction between two nodes. */
interface Direction {
  isCut: boolean;
  /** Each piece arrives this much later. */
  delayMs: number;
  /** Share of the pieces that TCP had to send again: they, and all behind them, come after another time-out. */
  loss: number;
  readonly flows: Set<Flow>;
}

/** TCP's first time-out before it sends again what was lost. */
const RETRANSMIT_MS = 200;
/** A flow that holds more than this stops reading: the sender's socket fills up. */
const MAX_HELD_BYTES = 256 * 1024;

/** Bytes of one connection on their way in one direction. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #held: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #heldBytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(from: Socket, to: Socket, direction: Direction) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    from.on("data", (bytes) => this.#take(bytes as Buffer));
    from.on("end", () => {
      this.#isEnded = true;
      this.pump();
    });
    to.on("drain", () => this.pump());
    direction.flows.add(this);
    from.on("close", () => {
      clearTimeout(this.#timer);
      direction.flows.delete(this);
    });
  }

  #take(bytes: Buffer): void {
    const { delayMs, loss } = this.#direction;
    const lateMs = delayMs + (loss > 0 && Math.random() < loss ? RETRANSMIT_MS : 0);
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + lateMs);
    this.#held.push({ bytes, dueMs: this.#lastDueMs });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#from.pause();
    this.pump();
  }

  /** Passes on what is due, unless the direction is cut. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#direction.isCut && !this.#to.destroyed) {
      const first = this.#held[0];
      if (first === undefined) {
        if (this.#isEnded) this.#to.end();
        return;
      }
      const leftMs = first.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.pump(), leftMs);
        return;
      }
      this.#held.shift();
      this.#heldBytes -= first.bytes.length;
      if (this.#heldBytes <= MAX_HELD_BYTES) this.#from.resume();
      if (!this.#to.write(first.bytes)) return;
    }
  }

  /** As when a machine on the way forgets the connection. */
  reset(): void {
    this.#from.resetAndDestroy();
    this.#to.resetAndDestroy();
  }
}

/**
 * Every node dials every other through a relay in this process, which can hold back either direction, delay it, or reset its
 * connections. It needs no rights, and works only with the server with failpoints, which can be told whom to dial.
 */
export class Proxies implements Network {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #dial = new Map<number, Record<string, string>>();
  readonly #directions = new Map<string, Direction>();
  #nodes = 0;

  hostOf(): string {
    return LOOPBACK;
  }

  commandOf(): readonly string[] {
    return [];
  }

  dialOf(node: number): Readonly<Record<string, string>> {
    return this.#dial.get(node) ?? {};
  }

  async open(ports: readonly NodePorts[]): Promise<void> {
    this.#nodes = ports.length;
    for (let from = 1; from <= ports.length; from++) {
      const dial: Record<string, string> = {};
      for (const [i, { meta, data }] of ports.entries()) {
        if (i + 1 === from) continue;
        for (const port of [meta, meta + 1, data, data + 1])
          dial[`${LOOPBACK}:${port}`] = await this.#relay(from, i + 1, port);
      }
      this.#dial.set(from, dial);
    }
  }

  async #relay(from: number, to: number, port: number): Promise<string> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = new Socket({ allowHalfOpen: true });
      far.setNoDelay(true);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined); // its close follows
        socket.on("close", () => {
          this.#sockets.delete(socket);
          (socket === near ? far : near).destroy();
        });
      }
      far.connect(port, LOOPBACK);
      new Flow(near, far, this.direction(from, to));
      new Flow(far, near, this.direction(to, from));
    });
    this.#servers.push(server);
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a relay without a port");
    return `${LOOPBACK}:${address.port}`;
  }

  direction(from: number, to: number): Direction {
    const key = `${from} ${to}`;
    let direction = this.#directions.get(key);
    if (direction === undefined) {
      direction = { isCut: false, delayMs: 0, loss: 0, flows: new Set() };
      this.#directions.set(key, direction);
    }
    return direction;
  }

  /** Nothing that `from` sends reaches `to` any more; the other direction stays. What is held back arrives when the cut heals. */
  cut(from: number, to: number): void {
    this.direction(from, to).isCut = true;
  }

  /** A node is cut from all others, both ways. */
  isolate(node: number): void {
    for (let other = 1; other <= this.#nodes; other++) {
      if (other === node) continue;
      this.cut(node, other);
      this.cut(other, node);
    }
  }

  /** Everything that `from` sends to `to` arrives later, some of it much later. */
  slow(from: number, to: number, delayMs: number, loss: number): void {
    Object.assign(this.direction(from, to), { delayMs, loss });
  }

  /** Ends all connections between the two at once. */
  reset(one: number, other: number): void {
    for (const direction of [this.direction(one, other), this.direction(other, one)])
      for (const flow of direction.flows) flow.reset();
  }

  heal(): void {
    for (const direction of this.#directions.values()) {
      Object.assign(direction, { isCut: false, delayMs: 0, loss: 0 });
      for (const flow of direction.flows) flow.pump();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((done) => server.close(done))));
  }
}
