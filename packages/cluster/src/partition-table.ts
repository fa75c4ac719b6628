import type { GroupNumber, NodeId } from "@ringtide/common";
import { assert, dataGroup, RingtideError } from "@ringtide/common";

/** One data group as the plan has it: named by its header, held by the header and the nodes after it on the ring. */
export interface DataGroupPlan {
  readonly group: GroupNumber;
  readonly members: readonly NodeId[];
}

/**
 * The plan of the cluster: which group owns which slot, and who holds each group. Immutable; agreed through the meta group.
 * Ring order is the order of node ids.
 */
export class PartitionTable {
  readonly groups: readonly DataGroupPlan[];
  /** slots[i] is the group that owns slot i. */
  readonly slots: Uint32Array;
  readonly #byGroup: ReadonlyMap<GroupNumber, DataGroupPlan>;

  constructor(groups: readonly DataGroupPlan[], slots: Uint32Array) {
    this.groups = groups;
    this.slots = slots;
    this.#byGroup = new Map(groups.map((plan) => [plan.group, plan]));
    for (const group of slots) assert(this.#byGroup.has(group), `slot owned by unknown group ${group}`);
  }

  groupOfSlot(slot: number): GroupNumber {
    const group = this.slots[slot];
    if (group === undefined) throw new RingtideError("INTERNAL", `slot ${slot} does not exist`);
    return group;
  }

  membersOf(group: GroupNumber): readonly NodeId[] {
    const plan = this.#byGroup.get(group);
    if (plan === undefined) throw new RingtideError("INTERNAL", `no data group ${group} in the partition table`);
    return plan.members;
  }

  slotsOf(group: GroupNumber): number {
    let count = 0;
    for (const owner of this.slots) if (owner === group) count++;
    return count;
  }
}

export interface PartitionShape {
  readonly nodes: readonly NodeId[];
  readonly replicas: number;
  readonly slotCount: number;
  readonly groupsPerHeader: number;
}

/** The first table: every node heads `groupsPerHeader` groups of `replicas` neighbours; slot counts differ by at most one. */
export function buildPartitionTable(shape: PartitionShape): PartitionTable {
  const ring = [...shape.nodes].sort((a, b) => a - b);
  assert(ring.length >= 1, "a partition table needs a node");
  const copies = Math.min(shape.replicas, ring.length);
  const groups: DataGroupPlan[] = [];
  for (let position = 0; position < ring.length; position++) {
    const header = ring[position] as NodeId;
    const members = Array.from({ length: copies }, (_, step) => ring[(position + step) % ring.length] as NodeId);
    for (let k = 0; k < shape.groupsPerHeader; k++) groups.push({ group: dataGroup(header, k), members });
  }
  const slots = Uint32Array.from({ length: shape.slotCount }, (_, slot) => {
    const index = Math.floor((slot * groups.length) / shape.slotCount);
    return (groups[index] as DataGroupPlan).group;
  });
  return new PartitionTable(groups, slots);
}
