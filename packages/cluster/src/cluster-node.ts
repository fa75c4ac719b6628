import type { Kv } from "@ringtide/common";
import { makeDirectory, RingtideError } from "@ringtide/common";
import { RaftLog } from "@ringtide/raftlog";
import type { ClusterOptions } from "./cluster-options.ts";
import { DiskWatch } from "./disk-watch.ts";
import { InternalDoors } from "./doors.ts";
import {
  addressText,
  checkStore,
  type FormationRecord,
  type Identity,
  loadIdentity,
  markStoresMade,
  memberOf,
  saveIdentity,
} from "./formation.ts";
import { RunningCluster } from "./running-cluster.ts";
import { formCluster, type SelfDescription } from "./seed-formation.ts";

/** One node of the cluster, from its data directory to its internal ports. */
export class ClusterNode {
  readonly cluster: RunningCluster;
  readonly #doors: InternalDoors;
  readonly #kv: Kv;
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, cluster: RunningCluster, doors: InternalDoors, kv: Kv) {
    this.#options = options;
    this.cluster = cluster;
    this.#doors = doors;
    this.#kv = kv;
  }

  /**
   * Starts the node: an empty data directory waits for the other seeds to form the cluster (until `signal` aborts), one with an
   * identity restarts from disk, whatever the seed list says.
   * Errors: DATA_DIR_IN_USE, DATA_DIR_FOREIGN, ADDRESS_IN_USE, ALREADY_FORMED, CONFIG_MISMATCH, CLUSTER_MISMATCH, DISK_CORRUPT.
   */
  static async start(given: ClusterOptions, signal: AbortSignal): Promise<ClusterNode> {
    const diskWatch = watchDisk(given);
    const options = { ...given, ports: { ...given.ports, disk: diskWatch.disk } };
    const { disk, openKv, random, logger } = options.ports;
    await makeDirectory(disk, options.dataDirectory);
    const kv = await openKv(`${options.dataDirectory}/kv`); // locks the directory
    let doors: InternalDoors | undefined;
    let log: RaftLog | undefined;
    try {
      const identity = await loadIdentity(disk, options.dataDirectory, random);
      const self: SelfDescription = {
        nodeUuid: identity.nodeUuid,
        clusterName: options.clusterName,
        agreement: options.agreement,
        internalSecret: options.internalSecret,
      };
      if (identity.formation !== undefined) checkOwn(options, identity.formation, identity);
      await checkStore(kv, options.dataDirectory, identity);
      doors = new InternalDoors(options, self);
      if (identity.formation !== undefined) doors.formed(identity.formation);
      await doors.open();
      const record = identity.formation ?? (await form(options, self, identity, signal));
      doors.formed(record);
      const member = memberOf(record, identity.nodeUuid);
      if (member === undefined)
        throw new RingtideError("DATA_DIR_FOREIGN", "the identity of the data directory does not name its own node");
      log = await openLog(options, identity);
      if (!identity.storesMade)
        await markStoresMade(disk, kv, options.dataDirectory, { ...identity, formation: record });
      const cluster = await RunningCluster.open(options, record, member.id, kv, log, diskWatch);
      doors.run(cluster);
      cluster.start();
      logger.info("node runs", {
        node: member.id,
        cluster: record.clusterUuid,
        addresses: addressText(options.addresses),
      });
      return new ClusterNode(options, cluster, doors, kv);
    } catch (error) {
      await doors?.close(0);
      await log?.close();
      await kv.close();
      throw error;
    }
  }

  /** Stops cleanly: no more calls are taken, what is under way ends, everything is closed. */
  async close(): Promise<void> {
    await this.#doors.close(this.#options.shutdownGraceMs);
    await this.cluster.close();
    await this.#kv.close();
  }
}

function watchDisk(options: ClusterOptions): DiskWatch {
  const { disk, clock, logger } = options.ports;
  return new DiskWatch({
    disk,
    clock,
    logger,
    directories: [...new Set([options.dataDirectory, options.logDirectory])],
    lowWaterBytes: options.diskLowWaterBytes,
    reserveBytes: options.diskReserveBytes,
  });
}

function openLog(options: ClusterOptions, { nodeUuid, storesMade }: Identity): Promise<RaftLog> {
  const { disk, clock, logger, metrics } = options.ports;
  return RaftLog.open({
    disk,
    clock,
    logger,
    metrics,
    directory: options.logDirectory,
    identity: nodeUuid,
    mustExist: storesMade,
    segmentBytes: options.segmentBytes,
    maxEntryBytes: options.maxEntryBytes,
    onFailure: options.onFatal,
  });
}

/** A directory with an identity must be of this cluster and in the shape that it formed with. */
function checkOwn(options: ClusterOptions, record: FormationRecord, identity: Identity): void {
  const foreign = (what: string, have: unknown, want: unknown) => {
    throw new RingtideError(
      "DATA_DIR_FOREIGN",
      `${options.dataDirectory} belongs to cluster ${record.clusterUuid}: its ${what} is '${String(have)}', the configuration says '${String(want)}'`,
    );
  };
  if (record.clusterName !== options.clusterName) foreign("cluster_name", record.clusterName, options.clusterName);
  if (record.replicas !== options.replicas) foreign("default_replica_num", record.replicas, options.replicas);
  if (record.precision !== options.precision) foreign("timestamp_precision", record.precision, options.precision);
  const mine = options.slotStrategy;
  const theirs = record.slotStrategy;
  if (theirs.slotCount !== mine.slotCount) foreign("slot_count", theirs.slotCount, mine.slotCount);
  if (theirs.salt !== mine.salt) foreign("slot_salt", theirs.salt, mine.salt);
  const member = memberOf(record, identity.nodeUuid);
  if (member !== undefined && addressText(member.addresses) !== addressText(options.addresses)) {
    foreign("address", addressText(member.addresses), addressText(options.addresses));
  }
}

async function form(
  options: ClusterOptions,
  self: SelfDescription,
  identity: Identity,
  signal: AbortSignal,
): Promise<FormationRecord> {
  const { net, clock, random, logger, disk } = options.ports;
  const record = await formCluster({
    self,
    selfAddresses: options.addresses,
    seeds: options.seeds,
    replicas: options.replicas,
    groupsPerHeader: options.groupsPerHeader,
    slotStrategy: options.slotStrategy,
    precision: options.precision,
    net,
    clock,
    random,
    logger,
    signal,
  });
  await saveIdentity(disk, options.dataDirectory, { ...identity, formation: record });
  return record;
}
