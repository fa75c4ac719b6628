import {
  type Address,
  type Clock,
  type Connection,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  RingtideError,
} from "@ringtide/common";
import type { Owner } from "../owner.ts";
import type { Network } from "./network.ts";
import type { SessionEnd } from "./session-end.ts";
import { resolveHost, SimConnection } from "./sim-connection.ts";
import { SimListener } from "./sim-listener.ts";

/** How the connections of a process end with it: its system tells the peers, or nobody does. */
export type EndOfProcess = "reset" | "silent";

/** Addresses that mean every interface of the machine. */
const ANY_INTERFACE = new Set(["0.0.0.0", "::"]);

/** The Net port of one process on one machine. */
export class SimNet implements Net {
  readonly #network: Network;
  readonly #owner: Owner;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #listeners = new Set<SimListener>();
  readonly #sessions = new Set<SessionEnd>();

  constructor(network: Network, owner: Owner, clock: Clock, host: string) {
    network.addHost(host);
    this.#network = network;
    this.#owner = owner;
    this.#clock = clock;
    this.#host = host;
  }

  async listen(address: Address, options: ListenOptions): Promise<Listener> {
    await new Promise<void>((resolve) => this.#owner.after(0, "listen", resolve));
    const { listeners } = this.#network.host(this.#host);
    if (!ANY_INTERFACE.has(address.host) && resolveHost(address.host, this.#host) !== this.#host)
      throw new RingtideError(
        "CONFIG_INVALID_VALUE",
        `cannot listen on ${address.host}: it is no address of this machine`,
      );
    const port = address.port === 0 ? this.#network.freePort(this.#host) : address.port;
    if (listeners.has(port))
      throw new RingtideError("ADDRESS_IN_USE", `${address.host}:${port} is in use by another program`);
    const bound = { address: { host: address.host, port }, host: this.#host };
    const listener = new SimListener(this.#network, this.#owner, this.#clock, bound, options, (session) =>
      this.#opened(session),
    );
    listeners.set(port, listener);
    this.#listeners.add(listener);
    return listener;
  }

  connect(address: Address, options: ConnectOptions): Connection {
    const local = {
      network: this.#network,
      owner: this.#owner,
      clock: this.#clock,
      host: this.#host,
      opened: (session: SessionEnd) => this.#opened(session),
    };
    return new SimConnection(local, address, options);
  }

  #opened(session: SessionEnd): void {
    this.#sessions.add(session);
    session.whenBroken(() => this.#sessions.delete(session));
  }

  async resolves(host: string): Promise<boolean> {
    await new Promise<void>((resolve) => this.#owner.after(0, "resolve", resolve));
    return ANY_INTERFACE.has(host) || this.#network.hasHost(resolveHost(host, this.#host));
  }

  /** The process has ended. */
  processEnded(how: EndOfProcess): void {
    for (const listener of this.#listeners) listener.unbind();
    for (const session of this.#sessions) session.die(how === "reset");
    this.#listeners.clear();
    this.#sessions.clear();
  }
}
