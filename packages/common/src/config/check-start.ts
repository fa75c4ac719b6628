import { RingtideError } from "../errors.ts";
import { isLoopback, isUnspecified, type Seed, seedText } from "./addresses.ts";
import type { Config } from "./schema.ts";

export interface StartChecks {
  /** `seed`: form the cluster with the other seeds. `add`: join a running one. */
  readonly mode: "seed" | "add";
  /** The data directory has no identity yet; one that has restarts whatever the seed list says. */
  readonly firstFormation: boolean;
  readonly resolves: (host: string) => Promise<boolean>;
}

/** Refuses a start that cannot go well: CONFIG_CONFLICT or HOST_UNRESOLVED, naming the values. */
export async function checkStart(config: Config, checks: StartChecks): Promise<void> {
  if (isUnspecified(config.clusterRpcIp))
    throw conflict(
      `cluster_rpc_ip ${config.clusterRpcIp} is no address that others can reach: set the node's own, and bind_address=${config.clusterRpcIp}`,
    );
  const hosts = new Set([config.clusterRpcIp]);
  if (config.bindAddress !== "") hosts.add(config.bindAddress);
  if (checks.firstFormation) {
    checkSeeds(config, checks.mode);
    for (const seed of config.seedNodes) hosts.add(seed.host);
  }
  for (const host of hosts) {
    if (!(await checks.resolves(host)))
      throw new RingtideError("HOST_UNRESOLVED", `host name '${host}' does not resolve`, { details: { host } });
  }
}

function checkSeeds(config: Config, mode: "seed" | "add"): void {
  const seeds = config.seedNodes;
  checkRepeated(seeds);
  checkLoopback(config.clusterRpcIp, seeds);
  if (mode === "add") return;
  const quorum = Math.floor(config.defaultReplicaNum / 2) + 1;
  if (seeds.length < quorum)
    throw conflict(
      `seed_nodes has ${seeds.length} nodes, fewer than the quorum ${quorum} of default_replica_num ${config.defaultReplicaNum}`,
    );
  const self: Seed = {
    host: config.clusterRpcIp,
    metaPort: config.internalMetaPort,
    dataPort: config.internalDataPort,
    clientPort: config.clusterRpcPort,
  };
  if (!seeds.some((seed) => seedText(seed).toLowerCase() === seedText(self).toLowerCase()))
    throw conflict(`this node ${seedText(self)} is not among seed_nodes ${seeds.map(seedText).join(",")}: list it`);
}

/** Seeds are distinct, and so are all ports that seeds of one host listen on. */
function checkRepeated(seeds: readonly Seed[]): void {
  const owners = new Map<string, Seed>();
  for (const seed of seeds) {
    for (const port of [seed.metaPort, seed.metaPort + 1, seed.dataPort, seed.dataPort + 1, seed.clientPort]) {
      const endpoint = `${seed.host.toLowerCase()}:${port}`;
      const owner = owners.get(endpoint);
      if (owner !== undefined && seedText(owner) === seedText(seed) && owner !== seed)
        throw conflict(`seed_nodes names ${seedText(seed)} twice`);
      if (owner !== undefined)
        throw conflict(
          owner === seed
            ? `seed ${seedText(seed)} of seed_nodes uses port ${port} twice (heartbeats use the ports after meta and data)`
            : `seeds ${seedText(owner)} and ${seedText(seed)} of seed_nodes both use port ${port} of ${seed.host}`,
        );
      owners.set(endpoint, seed);
    }
  }
}

function checkLoopback(self: string, seeds: readonly Seed[]): void {
  const other = seeds.find((seed) => isLoopback(seed.host) !== isLoopback(self));
  if (other !== undefined)
    throw conflict(
      `cluster_rpc_ip ${self} and seed ${seedText(other)} mix loopback and real addresses: nodes of other machines could not reach the loopback one`,
    );
}

function conflict(message: string): RingtideError {
  return new RingtideError("CONFIG_CONFLICT", message);
}
