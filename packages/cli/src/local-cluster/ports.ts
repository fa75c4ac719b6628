import { createServer } from "node:net";
import { RingtideError } from "@ringtide/common";

/** Ports of one node; meta and data each take the port after them too. */
export interface NodePorts {
  readonly meta: number;
  readonly data: number;
  readonly rpc: number;
}

const PORTS_PER_NODE = 6;
/** Below the range that the system gives to outgoing connections: none of them takes the port of a node that is down. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 200;
const MAX_PORT = 65_535;

/** Ports for `count` nodes, counted from `basePort`, or wherever there is room when that is undefined. */
export async function choosePorts(count: number, basePort: number | undefined): Promise<NodePorts[]> {
  const span = count * PORTS_PER_NODE;
  if (basePort !== undefined) {
    await checkPorts(basePort, span);
    return portsFrom(basePort, count);
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const start = FIRST + Math.floor(Math.random() * (LAST - FIRST - span));
    if (await allFree(start, span)) return portsFrom(start, count);
  }
  throw new RingtideError("ADDRESS_IN_USE", `found no ${span} free ports in a row between ${FIRST} and ${LAST}`);
}

async function checkPorts(start: number, span: number): Promise<void> {
  if (!Number.isInteger(start) || start < 1 || start + span - 1 > MAX_PORT)
    throw new RingtideError(
      "CONFIG_INVALID_VALUE",
      `--base-port must be 1 to ${MAX_PORT + 1 - span}: ${span} ports are needed`,
    );
  for (let port = start; port < start + span; port++) {
    if (!(await isFree(port)))
      throw new RingtideError(
        "ADDRESS_IN_USE",
        `port ${port} is in use: ${span} free ports from --base-port on are needed`,
      );
  }
}

function portsFrom(start: number, count: number): NodePorts[] {
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * PORTS_PER_NODE;
    return { meta: at, data: at + 2, rpc: at + 4 };
  });
}

async function allFree(start: number, span: number): Promise<boolean> {
  for (let port = start; port < start + span; port++) if (!(await isFree(port))) return false;
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
