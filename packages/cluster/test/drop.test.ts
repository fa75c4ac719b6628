import type { ClusterNode } from "@ringtide/cluster";
import { CLUSTER_SESSION } from "@ringtide/common";
import { type Command, encodeCommand } from "@ringtide/engine";
import { EntryKind } from "@ringtide/raft";
import { afterEach, describe, expect, it } from "vitest";
import { encodeMetaCommand, type MetaCommand } from "../src/meta-command.ts";
import { MetaState } from "../src/meta-state.ts";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const PATH = "root.a";
const create = { kind: "createStorageGroup", path: PATH } as const;
const remove = { kind: "deleteStorageGroups", paths: [PATH] } as const;

describe("the meta state", () => {
  const formation = {
    clusterUuid: "c",
    clusterName: "test",
    members: [],
    replicas: 1,
    groupsPerHeader: 1,
    slotStrategy: { name: "device-hash", slotCount: 1, salt: 1 },
    precision: "ms",
  } as const;
  const address = { host: "a", metaPort: 1, dataPort: 2, clientPort: 3 };

  function newState() {
    const state = new MetaState({ ...formation, members: [{ id: 1, uuid: "u", addresses: address }] }, undefined);
    const apply = (command: MetaCommand, sequence = 0) =>
      state.apply({
        index: state.appliedIndex + 1,
        term: 1,
        kind: EntryKind.PHYSICAL_PLAN,
        session: 0,
        sequence: 0,
        payload: encodeMetaCommand(
          sequence === 0 ? undefined : { session: 9, sequence, acknowledged: 0, retry: false },
          command,
        ),
      });
    return { state, apply };
  }

  it("does not take a late word that an earlier deletion is done for one of a later deletion", () => {
    const { state, apply } = newState();
    for (const command of [create, remove, { kind: "dropDone", path: PATH, number: 1 }, create, remove] as const)
      expect(apply(command)).toMatchObject({ ok: true });
    apply({ kind: "dropDone", path: PATH, number: 1 });
    expect(state.drops).toEqual([{ path: PATH, number: 2 }]);
    expect(new MetaState(state.formation, state.encode(new Uint8Array(0))).drops).toEqual(state.drops);
  });

  it("lets a request be repeated that came while the storage group was being deleted", () => {
    const { apply } = newState();
    apply(create);
    apply(remove);
    expect(apply(create, 1)).toMatchObject({ ok: false, code: "OVERLOADED" });
    apply({ kind: "dropDone", path: PATH, number: 1 });
    expect(apply(create, 1)).toEqual({ ok: true, affected: 1 });
  });
});

describe("dropping a storage group", () => {
  let node: ClusterNode | undefined;
  let directory: { readonly path: string; remove(): void } | undefined;
  afterEach(async () => {
    await node?.close();
    directory?.remove();
  });

  it("leaves the rows of one that was made again alone when a former leader's drop arrives late", async () => {
    directory = temporaryDirectory();
    const seeds = await chooseAddresses(1);
    node = await startNode(nodeOptions(directory.path, seeds, 0));
    const { coordinator, metaState } = node.cluster;
    const storage = node.cluster.dataGroup(16)?.storage;
    const request = { session: CLUSTER_SESSION, sequence: 1, acknowledged: 0, retry: false };
    const write = (command: Command, asRequest?: typeof request) =>
      coordinator.write(16, asRequest, () => encodeCommand(asRequest, command));
    const insert = () =>
      write({
        kind: "insertRows",
        rows: [{ device: "root.a.d", time: 1n, measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
      });
    await coordinator.writeMeta(undefined, create);
    await insert();
    await coordinator.writeMeta(undefined, remove);
    await eventually("the series are dropped", () => metaState.drops.length === 0);
    expect(storage?.schema.seriesCount).toBe(0);
    await coordinator.writeMeta(undefined, create);
    await insert();
    await write({ kind: "dropStorageGroup", storageGroup: PATH }, request);
    expect(storage?.schema.seriesCount).toBe(1);
  }, 20_000);
});
