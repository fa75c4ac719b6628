import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { ErrorCode } from "@ringtide/common";
import { PROJECT, type StartResult, startNode, temporaryDirectory } from "./starts.ts";
import { MAX_WRITE_BYTES, type Target } from "./target.ts";

/** A start of a node that has to be refused. */
export interface StartCase {
  readonly name: string;
  readonly code: ErrorCode;
  /** What standard error has to say: the file and line or the flag, and the way out. */
  readonly says: RegExp;
  readonly start: (target: Target) => Promise<StartResult>;
}

type Flags = Readonly<Record<string, string>>;

/** A seed list of one node, on ports that nothing listens on: what a single node starts with. */
interface Place {
  readonly home: string;
  readonly ports: readonly [meta: number, data: number, client: number];
}

/** Apart for each start, below the ports that the clusters of tests choose. */
let nextPort = 12_000 + (process.pid % 700) * 10;

function newPlace(): Place {
  const at = nextPort;
  nextPort += 6;
  return { home: temporaryDirectory(), ports: [at, at + 2, at + 4] };
}

function flagsOf({ home, ports }: Place, changes: Flags = {}): Flags {
  const [meta, data, client] = ports;
  return {
    home,
    internal_meta_port: String(meta),
    internal_data_port: String(data),
    cluster_rpc_port: String(client),
    seed_nodes: `127.0.0.1:${meta}:${data}:${client}`,
    default_replica_num: "1",
    data_dirs: `${home}/data`,
    ...changes,
  };
}

function run(flags: Flags): Promise<StartResult> {
  return startNode(Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]));
}

function flag(name: string, code: ErrorCode, says: RegExp, changes: (place: Place) => Flags): StartCase {
  return {
    name,
    code,
    says,
    start: () => {
      const place = newPlace();
      return run(flagsOf(place, changes(place)));
    },
  };
}

/** The shipped configuration with one file changed. */
function file(
  name: string,
  code: ErrorCode,
  says: RegExp,
  fileName: string,
  change: (text: string) => string,
): StartCase {
  return {
    name,
    code,
    says,
    start: () => {
      const place = newPlace();
      const conf = `${place.home}/conf`;
      cpSync(`${PROJECT}/conf`, conf, { recursive: true });
      writeFileSync(`${conf}/${fileName}`, change(readFileSync(`${conf}/${fileName}`, "utf8")));
      return run(flagsOf(place, { conf }));
    },
  };
}

/** A data directory that has the identity of another node. */
function identity(
  name: string,
  code: ErrorCode,
  says: RegExp,
  text: (target: Target) => string,
  changes: Flags = {},
): StartCase {
  return {
    name,
    code,
    says,
    start: (target) => {
      const place = newPlace();
      mkdirSync(`${place.home}/data`);
      writeFileSync(`${place.home}/data/identity.json`, text(target));
      return run(flagsOf(place, changes));
    },
  };
}

function identityOf(target: Target, node: number): string {
  return readFileSync(`${target.node(node).dataDirectory}/identity.json`, "utf8");
}

const seed = ({ ports: [meta, data, client] }: Place, host = "127.0.0.1", by = 0) =>
  `${host}:${meta + by}:${data + by}:${client + by}`;

const CLUSTER_FILE = "ringtide-cluster.properties";
const ENGINE_FILE = "ringtide-engine.properties";

export const START_CASES: readonly StartCase[] = [
  flag("an unknown flag", "CONFIG_UNKNOWN_KEY", /command line: .*'sed_nodes'.*nearest is seed_nodes/, () => ({
    sed_nodes: "x",
  })),
  file(
    "an unknown key in a file",
    "CONFIG_UNKNOWN_KEY",
    /cluster\.properties:\d+: .*nearest is cluster_name/,
    CLUSTER_FILE,
    (text) => `${text}\ncluster_nam=x\n`,
  ),
  file(
    "a key in the wrong file",
    "CONFIG_UNKNOWN_KEY",
    /belongs into ringtide-cluster/,
    ENGINE_FILE,
    (text) => `${text}\nseed_nodes=x\n`,
  ),
  file(
    "a bad value in a file",
    "CONFIG_INVALID_VALUE",
    /engine\.properties:\d+: .*tick_ms='fast'.*whole number/,
    ENGINE_FILE,
    (text) => text.replace(/^tick_ms=.*$/m, "tick_ms=fast"),
  ),
  file(
    "a line that is none",
    "CONFIG_INVALID_VALUE",
    /cluster\.properties:\d+: 'hello' is no key=value/,
    CLUSTER_FILE,
    (text) => `${text}\nhello\n`,
  ),
  file("a key twice", "CONFIG_INVALID_VALUE", /set already at/, CLUSTER_FILE, (text) => `${text}\ncluster_name=a\n`),
  flag("a bad value of a flag", "CONFIG_INVALID_VALUE", /command line: cluster_rpc_port='99999'/, () => ({
    cluster_rpc_port: "99999",
  })),
  flag("a malformed seed", "CONFIG_INVALID_VALUE", /seed_nodes='127\.0\.0\.1:9003'.*host:meta_port/, () => ({
    seed_nodes: "127.0.0.1:9003",
  })),
  flag("no configuration directory", "DISK_NOT_FOUND", /nowhere.*-c/, () => ({ conf: "/nowhere" })),
  flag("a repeated seed", "CONFIG_CONFLICT", /twice/, (place) => ({ seed_nodes: `${seed(place)},${seed(place)}` })),
  flag("seeds that share a port", "CONFIG_CONFLICT", /both use port/, (place) => ({
    seed_nodes: `${seed(place)},${seed(place, "127.0.0.1", 1)}`,
  })),
  flag("a node that is not among the seeds", "CONFIG_CONFLICT", /not among seed_nodes/, (place) => ({
    seed_nodes: seed(place, "127.0.0.1", 1000),
  })),
  flag("fewer seeds than a quorum", "CONFIG_CONFLICT", /fewer than the quorum 2/, () => ({ default_replica_num: "3" })),
  flag("loopback mixed with real addresses", "CONFIG_CONFLICT", /loopback/, (place) => ({
    seed_nodes: `${seed(place)},${seed(place, "192.0.2.1")}`,
  })),
  flag("an unspecified address", "CONFIG_CONFLICT", /bind_address/, () => ({ cluster_rpc_ip: "0.0.0.0" })),
  flag("a host that does not resolve", "HOST_UNRESOLVED", /no-such-host\.invalid/, (place) => ({
    cluster_rpc_ip: "no-such-host.invalid",
    seed_nodes: seed(place, "no-such-host.invalid"),
  })),
  occupied("an occupied meta port", 0, 0),
  occupied("an occupied data heartbeat port", 1, 1),
  occupied("an occupied client port", 2, 0),
  {
    name: "a data directory that a running node uses",
    code: "DATA_DIR_IN_USE",
    says: /node-1\/data/,
    start: (target) => run(flagsOf(newPlace(), { data_dirs: target.node(1).dataDirectory })),
  },
  identity(
    "a data directory of another cluster",
    "DATA_DIR_FOREIGN",
    /cluster_name is 'default', the configuration says 'mine'/,
    (target) => identityOf(target, 2),
    { cluster_name: "mine" },
  ),
  identity(
    "a data directory of another node",
    "DATA_DIR_FOREIGN",
    /its address is '127\.0\.0\.1:/,
    (target) => identityOf(target, 2),
    { default_replica_num: "3" },
  ),
  identity("an identity that is no JSON", "DISK_CORRUPT", /identity\.json/, () => "{"),
  identity("an identity of a later format", "FORMAT_UNKNOWN", /format 2/, () => '{"format":2}'),
  {
    name: "an empty node among the seeds of a formed cluster",
    code: "CONFIG_MISMATCH",
    says: /seed_nodes must agree/,
    start: (target) => {
      const place = newPlace();
      const [meta, data, rpc] = [1, 2, 3].map((node) => target.address(node, "meta").port) as [number, number, number];
      const others = [meta, data, rpc].map((port) => `127.0.0.1:${port}:${port + 2}:${port + 4}`);
      const flags = { default_replica_num: "3", raft_log_buffer_size: String(MAX_WRITE_BYTES) };
      return run(flagsOf(place, { ...flags, seed_nodes: [seed(place), ...others].join(",") }));
    },
  },
];

/** `pair`: which of meta, data and client port; `by`: 1 for the heartbeat port after it. */
function occupied(name: string, pair: 0 | 1 | 2, by: 0 | 1): StartCase {
  return {
    name,
    code: "ADDRESS_IN_USE",
    says: /127\.0\.0\.1:\d+ is in use by another program/,
    start: async () => {
      const place = newPlace();
      const server = createServer();
      await new Promise<void>((done, reject) => {
        server.once("error", reject);
        server.listen(place.ports[pair] + by, "127.0.0.1", done);
      });
      const result = await run(flagsOf(place));
      server.close();
      return result;
    },
  };
}
