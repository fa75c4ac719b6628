import { type Address, RingtideError } from "@ringtide/common";

/** `host:port`, an IPv6 host in brackets. */
export function addressText({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address of `host:port`; CONFIG_INVALID_VALUE when it is none. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port >= 1 && port <= 65535))
    throw new RingtideError("CONFIG_INVALID_VALUE", `'${text}' is no address: expected HOST:PORT`);
  return { host, port };
}
