import { runProgram } from "@ringtide/server";
import { armChecked, Control } from "./control.ts";
import { failpointDisk } from "./failpoint-disk.ts";
import { failpointKv } from "./failpoint-kv.ts";
import { type DialMap, failpointNet } from "./failpoint-net.ts";
import { Failpoints } from "./failpoints.ts";

/** How often it is looked whether the process that started this one still runs. */
const PARENT_CHECK_MS = 500;

const { FAILPOINT, FAILPOINT_HIT, FAILPOINT_CONTROL, FAILPOINT_REPORT, FAILPOINT_DIAL } = process.env;

const control = new Control({ control: FAILPOINT_CONTROL, report: FAILPOINT_REPORT });
const failpoints: Failpoints = new Failpoints((name) => control.die(name, failpoints));
if (FAILPOINT !== undefined) armChecked(failpoints, { name: FAILPOINT, hit: Number(FAILPOINT_HIT ?? "1") });
control.start(failpoints);

// A test that is killed cannot end its nodes: they end themselves.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, PARENT_CHECK_MS).unref();

const dial = JSON.parse(FAILPOINT_DIAL ?? "{}") as DialMap;

runProgram(process.argv.slice(2), (ports) => ({
  ...ports,
  disk: failpointDisk(ports.disk, failpoints),
  openKv: failpointKv(ports.openKv, failpoints),
  net: failpointNet(ports.net, ports.clock, failpoints, dial),
}));
