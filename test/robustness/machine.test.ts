import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/cluster.ts";
import { canTest } from "./support/capabilities.ts";
import { Cluster } from "./support/cluster.ts";
import { LeaderWatch } from "./support/leaders.ts";
import { Load } from "./support/load.ts";
import { Namespaces } from "./support/namespaces.ts";
import { cutLeadersOff, PARTITIONS } from "./support/partitions.ts";
import { SmallDisk } from "./support/small-disk.ts";
import { verify } from "./support/verify.ts";

/** Goal: 3 s. The bound is generous because test machines are shared. */
const OTHER_LEADS_MS = 60_000;
const MIB = 1024 * 1024;
/** Twice what the node keeps for what has to go on with a disk that is nearly full. */
const DISK_MIB = 512;
const LOW_WATER_BYTES = 256 * MIB;

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.end();
  cluster = undefined;
});

/** The server as it is shipped, on parts of the machine that only root can give to it. */
describe("the server", () => {
  it.runIf(canTest("nodes on machines of their own, and real partitions", "namespaces"))(
    "replaces a leader that is isolated, that nobody hears, or that hears nobody",
    async () => {
      const network = new Namespaces();
      cluster = await Cluster.start({ program: "server", network });
      const took = await cutLeadersOff(cluster, network);
      console.log(`others led after, ms: ${JSON.stringify(took)}`);
      expect(Object.keys(took)).toEqual([...PARTITIONS]);
    },
  );

  it.runIf(canTest("a leader whose disk is really full", "mounts"))(
    "loses nothing when the disk of a leader is full, and goes on everywhere once there is room",
    async () => {
      const disk = await SmallDisk.mount("ext4", DISK_MIB);
      try {
        const settings = { disk_low_water_bytes: String(LOW_WATER_BYTES), disk_stall_limit_ms: "2000" };
        const settingsOf = { 1: { data_dirs: `${disk.directory}/data` } };
        cluster = await Cluster.start({ program: "server", settings, settingsOf });
        await fillLeader(cluster, disk);
      } finally {
        await cluster?.end();
        await disk.unmount();
      }
    },
  );
});

/** From one moment to the next: before the node has seen that little room is left, it has none. */
async function fillLeader(running: Cluster, disk: SmallDisk): Promise<void> {
  const watch = new LeaderWatch(running);
  const load = await Load.start({ addresses: running.addresses, writers: 6, textBytes: 200, paceMs: 20 });
  let led: string[] = [];
  await eventually("node 1 leads a data group", OTHER_LEADS_MS, async () => {
    led = await running.groupsLedBy(1);
    return led.some((group) => group.startsWith("data"));
  });
  expect(disk.freeBytes).toBeGreaterThan(LOW_WATER_BYTES);
  const sinceMs = Date.now();
  await disk.fill();
  await eventually("others lead, or clients are told that the disk is full", OTHER_LEADS_MS, async () => {
    const others = new Set(
      watch
        .elections()
        .filter(({ node, atMs }) => node !== 1 && atMs >= sinceMs)
        .map(({ group }) => group),
    );
    return led.every((group) => others.has(group)) || (load.failures["DISK_FULL"] ?? 0) > 0;
  });
  console.log(
    `disk full: after ${Date.now() - sinceMs} ms others led, or clients knew; errors ${JSON.stringify(load.failures)}`,
  );
  disk.drain();
  await running.revive();
  await load.goesOn("there was room again");
  await verify(running, load);
}
