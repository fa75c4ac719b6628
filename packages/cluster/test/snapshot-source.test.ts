import { join } from "node:path";
import { nullLogger } from "@ringtide/common";
import { createDisk, systemClock } from "@ringtide/common/node";
import { afterEach, expect, it } from "vitest";
import { SnapshotSource } from "../src/snapshot/source.ts";
import { temporaryDirectory } from "./support/nodes.ts";

const GROUP = 16;
const { path, remove } = temporaryDirectory();
afterEach(remove);

it("keeps the log behind a snapshot from the moment on at which it is asked for", async () => {
  const source = new SnapshotSource({
    disk: createDisk(),
    clock: systemClock,
    logger: nullLogger,
    directory: join(path, "snapshots"),
    bytesPerSecond: 1_000_000,
    keepMs: 1000,
    onRotten: () => undefined,
  });
  await source.start();
  const written = Promise.withResolvers<void>();
  const exporter = {
    checkpointIndex: 100,
    exportSnapshot: async () => {
      await written.promise;
      return { format: 1 as const, group: GROUP, index: 100, groupState: "", files: [] };
    },
  };
  const opened = source.open(GROUP, exporter);
  exporter.checkpointIndex = 150; // a file was closed while the state was still being written
  expect(source.pinnedIndex(GROUP)).toBe(100);
  written.resolve();
  expect((await opened).index).toBe(100);
  expect(source.pinnedIndex(GROUP)).toBe(100);
});
