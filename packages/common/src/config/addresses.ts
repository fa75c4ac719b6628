import type { Address } from "../ports/index.ts";

/** A seed node as `seed_nodes` names it. Heartbeats use the port after the meta port and the one after the data port. */
export interface Seed {
  readonly host: string;
  readonly metaPort: number;
  readonly dataPort: number;
  readonly clientPort: number;
}

/** Doors that a node can be reached at from outside, for which it may advertise another address than it binds. */
const DOORS = ["meta", "data", "client", "iotdb", "http"] as const;
export type Door = (typeof DOORS)[number];

const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?$/;
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;

/** True for a host name, an IPv4 address, or an IPv6 address without brackets. */
export function isHost(text: string): boolean {
  return HOST_NAME.test(text) || IPV6.test(text);
}

/** `host:meta:data:client`; an IPv6 host stands in brackets. */
export function parseSeed(text: string): Seed | undefined {
  const match = /^(.+):(\d{1,5}):(\d{1,5}):(\d{1,5})$/.exec(text);
  const host = parseHost(match?.[1] ?? "");
  const [metaPort, dataPort, clientPort] = [Number(match?.[2]), Number(match?.[3]), Number(match?.[4])];
  if (host === undefined || !isPort(metaPort + 1) || !isPort(dataPort + 1) || !isPort(clientPort)) return undefined;
  if (metaPort === 0 || dataPort === 0) return undefined;
  return { host, metaPort, dataPort, clientPort };
}

/** The form that `parseSeed` reads. */
export function seedText(seed: Seed): string {
  return `${hostText(seed.host)}:${seed.metaPort}:${seed.dataPort}:${seed.clientPort}`;
}

/** `door=host:port,…`; the empty text advertises what is bound. */
export function parseAdvertised(text: string): ReadonlyMap<Door, Address> | undefined {
  const advertised = new Map<Door, Address>();
  if (text === "") return advertised;
  for (const part of text.split(",")) {
    const match = /^\s*([a-z]+)=(.+):(\d{1,5})\s*$/.exec(part);
    const door = DOORS.find((each) => each === match?.[1]);
    const host = parseHost(match?.[2] ?? "");
    const port = Number(match?.[3]);
    if (door === undefined || host === undefined || !isPort(port) || advertised.has(door)) return undefined;
    advertised.set(door, { host, port });
  }
  return advertised;
}

/** True for the addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d+){3}|localhost|::1)$/i.test(host);
}

/** True for the addresses that mean "every interface": fit to bind, not to be known by. */
export function isUnspecified(host: string): boolean {
  return /^(0\.0\.0\.0|::|0)$/.test(host);
}

function parseHost(text: string): string | undefined {
  const bare = /^\[(.+)\]$/.exec(text)?.[1];
  if (bare !== undefined) return IPV6.test(bare) ? bare : undefined;
  return HOST_NAME.test(text) ? text : undefined;
}

function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}
