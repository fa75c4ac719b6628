import { type Address, type Connection, nullLogger } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import {
  CLIENT_SERVICE,
  type DeviceBlock,
  decodeMessage,
  ExecuteRequest,
  ExecuteResponse,
  encodeMessage,
  type Init,
  InsertRequest,
  InsertResponse,
  OpenSessionRequest,
} from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";
import { openBlock, type Value, valueAt } from "@ringtide/tsfile";

const TIMEOUT_MS = 10_000;
const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });

/** A connection to any port of a node. */
export function dial(address: Address, service: string, metadata: Readonly<Record<string, string>> = {}): Connection {
  return net.connect(address, { service, metadata, maxMessageBytes: 16 << 20, connectTimeoutMs: TIMEOUT_MS });
}

/** Runs `work` with a connection of its own. */
export async function withConnection<T>(connection: Connection, work: (connection: Connection) => Promise<T>) {
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Sends one message on a stream of its own, and resolves with the first answer. */
export function exchange(connection: Connection, method: string, message: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = connection.duplex(method);
    const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), TIMEOUT_MS);
    stream.onMessage((answer) => {
      clearTimeout(timer);
      resolve(answer);
      stream.close();
    });
    stream.onClose((error) => {
      clearTimeout(timer);
      reject(error ?? new Error(`${method} ended without an answer`));
    });
    stream.write(message);
  });
}

/** All messages of a server stream. */
export async function collect(connection: Connection, method: string, request: Uint8Array): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for await (const message of connection.serverStream(method, request, { timeoutMs: TIMEOUT_MS }))
    messages.push(message);
  return messages;
}

export function call(connection: Connection, method: string, request: Uint8Array): Promise<Uint8Array> {
  return connection.unary(method, request, { timeoutMs: TIMEOUT_MS });
}

/** The error of one answer of an Insert or Execute call, as its own code. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Values of a row, the time first where there is one. */
type Row = (Value | null)[];

/**
 * Speaks the protocol of the client port without any of the checks that the client library makes: what it is told to send, it sends.
 */
export class RawClient {
  readonly session: number;
  readonly #connection: Connection;
  #sequence = 0;
  #statements = 0;

  private constructor(address: Address, session: number) {
    this.session = session;
    this.#connection = dial(address, CLIENT_SERVICE);
  }

  static async open(address: Address, session: number): Promise<RawClient> {
    const client = new RawClient(address, session);
    const request = encodeMessage(OpenSessionRequest, { session, protocolMin: 1, protocolMax: 1 });
    await call(client.#connection, "OpenSession", request);
    return client;
  }

  /** The next number of the session. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Runs a statement; rows come as arrays, the time first. */
  async execute(sql: string, changes: Init<ExecuteRequest> = {}): Promise<Row[]> {
    const request = encodeMessage(ExecuteRequest, {
      session: this.session,
      sequence: changes.sequence ?? this.nextSequence(),
      statementId: ++this.#statements,
      sql,
      ...changes,
    });
    const rows: Row[] = [];
    for (const message of await collect(this.#connection, "Execute", request)) {
      const { batch } = decodeMessage(ExecuteResponse, message, "answer");
      if (batch !== null && batch.length > 0) rows.push(...rowsOf(batch));
    }
    return rows;
  }

  /** Inserts blocks; rejects with the code of the answer. */
  async insert(blocks: readonly Init<DeviceBlock>[], changes: Init<InsertRequest> = {}): Promise<number> {
    const sequence = changes.sequence ?? this.nextSequence();
    const request = encodeMessage(InsertRequest, { session: this.session, ...changes, sequence, blocks: [...blocks] });
    const answer = decodeMessage(InsertResponse, await exchange(this.#connection, "Insert", request), "answer");
    if (answer.error !== null) throw new Refused(answer.error.code, answer.error.message);
    return answer.affected;
  }

  close(): void {
    this.#connection.close();
  }
}

function rowsOf(block: Uint8Array): Row[] {
  const { times, rows, columns } = openBlock(block).batch();
  return Array.from({ length: rows }, (_, row) => {
    const values = columns.map((column) => valueAt(column, row));
    return times === undefined ? values : [times.base + BigInt(times.offsets[row] as number), ...values];
  });
}
