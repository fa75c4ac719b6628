import { DATA_SERVICE, Forwarder, type NodeAddresses } from "@ringtide/cluster";
import { type Connection, nullLogger } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { EntryKind } from "@ringtide/raft";
import { createNet } from "@ringtide/rpc";
import { MAX_MESSAGE_BYTES } from "./doors.ts";

const TIMEOUT_MS = 30_000;

/** Proposes values to a leader over one stream, as another node does; each is answered when it is applied. */
export class ProposalClient {
  readonly #connection: Connection;
  readonly #forwarder: Forwarder;
  readonly #group: number;

  constructor({ host, dataPort }: NodeAddresses, group: number) {
    const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
    this.#group = group;
    this.#connection = net.connect(
      { host, port: dataPort },
      { service: DATA_SERVICE, metadata: {}, maxMessageBytes: MAX_MESSAGE_BYTES, connectTimeoutMs: 5000 },
    );
    this.#forwarder = new Forwarder(() => this.#connection.duplex("Forward"), systemClock);
  }

  async propose(payload: Uint8Array): Promise<void> {
    const proposal = { group: this.#group, kind: EntryKind.PHYSICAL_PLAN, session: 0, sequence: 0, payload };
    await this.#forwarder.send(proposal, TIMEOUT_MS);
  }

  close(): void {
    this.#forwarder.close();
    this.#connection.close();
  }
}
