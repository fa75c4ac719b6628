import { type Address, type Clock, type Net, nullLogger, type Random, randomId } from "@ringtide/common";
import { holdingClock, systemRandom } from "@ringtide/common/node";
import { createNet } from "@ringtide/rpc";
import { addressText } from "./addresses.ts";
import { noMetrics } from "./no-metrics.ts";
import { Session } from "./session.ts";

export interface ConnectOptions {
  /** Nodes to begin with, `host:port`; the others are learnt from them. */
  readonly addresses: readonly (string | Address)[];
  readonly net?: Net;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly user?: string;
  readonly password?: string;
  /** Time zone of timestamps in SQL that have none; the node's when left out. */
  readonly zone?: string;
  /** Shown in the node's lists and logs. */
  readonly clientName?: string;
  /** Longest wait for the answer to one attempt; 10 s when left out. */
  readonly requestTimeoutMs?: number;
  /** How long a request is tried again; 30 s when left out. */
  readonly retryTimeoutMs?: number;
}

/** Opens a session with the cluster that these nodes belong to. NET_UNREACHABLE when none of them answers. */
export async function connect(options: ConnectOptions): Promise<Session> {
  const clock = options.clock ?? holdingClock;
  const random = options.random ?? systemRandom;
  const session = new Session({
    net: options.net ?? createNet({ logger: nullLogger, metrics: noMetrics, clock }),
    clock,
    random,
    session: randomId(random),
    clientName: options.clientName ?? "ringtide-client",
    zone: options.zone ?? "",
    user: options.user ?? "",
    password: options.password ?? "",
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    retryTimeoutMs: options.retryTimeoutMs ?? 30_000,
  });
  try {
    await session.open(
      options.addresses.map((address) => (typeof address === "string" ? address : addressText(address))),
    );
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}
