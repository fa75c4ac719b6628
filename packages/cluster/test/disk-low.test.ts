import type { ClusterNode } from "@ringtide/cluster";
import { createDisk } from "@ringtide/common/node";
import { type Command, encodeCommand } from "@ringtide/engine";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";
import { wrapDisk } from "./support/wrap-disk.ts";

let node: ClusterNode | undefined;
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  await node?.close();
  directory?.remove();
});

const GROUP = 16;

it("refuses rows while the disk is nearly full, still deletes, and goes on by itself", async () => {
  directory = temporaryDirectory();
  const seeds = await chooseAddresses(1);
  const options = nodeOptions(directory.path, seeds, 0, { diskLowWaterBytes: 1000 });
  let freeBytes = 10_000;
  const disk = wrapDisk(createDisk(), { space: () => Promise.resolve({ freeBytes, totalBytes: 100_000 }) });
  node = await startNode({ ...options, ports: { ...options.ports, disk } });
  const { cluster } = node;
  await eventually("the group has a leader", () => cluster.dataGroup(GROUP)?.raft.status().leaderReady === true);
  const write = (command: Command) =>
    cluster.coordinator.write(GROUP, undefined, () => encodeCommand(undefined, command));
  const insert = () =>
    write({
      kind: "insertRows",
      rows: [{ device: "root.a.d", time: 1n, measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
    });
  await insert();
  freeBytes = 500;
  const refused = async () => {
    for (;;) {
      await insert();
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await expect(refused()).rejects.toMatchObject({ code: "DISK_FULL" });
  await write({ kind: "deleteData", patterns: ["root.a.d.s"], from: 0n, to: 10n });
  freeBytes = 10_000;
  await expect
    .poll(
      () =>
        insert().then(
          () => "taken",
          () => "refused",
        ),
      { timeout: 5000 },
    )
    .toBe("taken");
}, 20_000);
