import { assert, type SlotStrategy, slotOf } from "@ringtide/common";
import type { SeededRandom } from "../random/seeded-random.ts";

/** One register of a history: a series at a time. */
export interface PointKey {
  readonly device: string;
  readonly measurement: string;
  readonly time: number;
}

/** As histories name it: `root.h.d1.v@1000`. */
export function keyText({ device, measurement, time }: PointKey): string {
  return `${device}.${measurement}@${time}`;
}

const STORAGE_GROUP = "root.history";
const MEASUREMENT = "v";
const FIRST_HOT_TIME = 1_000;
const FIRST_COLD_TIME = 1_000_000;
const MAX_DEVICES_TRIED = 100_000;

export interface KeySpaceShape {
  /** Data groups of the cluster as it was formed; each owns an equal range of slots then. */
  readonly groups: number;
  readonly slotStrategy: SlotStrategy;
  /** More than one: devices that share a group. */
  readonly devicesPerGroup: number;
  /** Points of each device that are used much, and seldom. */
  readonly hotTimes: number;
  readonly coldTimes: number;
  /** Share of the operations on hot points. */
  readonly hotShare: number;
}

/** The points that the clients of a workload share, over all data groups. */
export class KeySpace {
  readonly storageGroup = STORAGE_GROUP;
  readonly measurement = MEASUREMENT;
  readonly devices: readonly string[];
  readonly #shape: KeySpaceShape;

  constructor(shape: KeySpaceShape) {
    assert(shape.hotTimes >= 1 && shape.coldTimes >= 1, "a key space has hot and cold points");
    this.#shape = shape;
    this.devices = devicesOver(shape);
  }

  /** Its hot points alone. */
  hot(): KeySpace {
    return new KeySpace({ ...this.#shape, hotShare: 1 });
  }

  pick(random: SeededRandom): PointKey {
    return { device: random.pick(this.devices), measurement: MEASUREMENT, time: this.#time(random) };
  }

  /** Different points of one device, hot and cold ones mixed: at most `count`. */
  pickOfDevice(random: SeededRandom, count: number): readonly PointKey[] {
    const device = random.pick(this.devices);
    const times = new Set(Array.from({ length: count }, () => this.#time(random)));
    return Array.from(times, (time) => ({ device, measurement: MEASUREMENT, time }));
  }

  #time(random: SeededRandom): number {
    const { hotTimes, coldTimes, hotShare } = this.#shape;
    return random.chance(hotShare)
      ? FIRST_HOT_TIME + random.below(hotTimes)
      : FIRST_COLD_TIME + random.below(coldTimes);
  }
}

/** The first devices d1, d2, … of which each group owns `devicesPerGroup`. */
function devicesOver({ groups, devicesPerGroup, slotStrategy }: KeySpaceShape): string[] {
  const owned = new Array<number>(groups).fill(0);
  const devices: string[] = [];
  for (let i = 1; devices.length < groups * devicesPerGroup; i++) {
    assert(i < MAX_DEVICES_TRIED, `${groups} groups have devices each`);
    const device = `${STORAGE_GROUP}.d${i}`;
    const group = Math.floor((slotOf(device, slotStrategy) * groups) / slotStrategy.slotCount);
    if ((owned[group] ?? 0) >= devicesPerGroup) continue;
    owned[group] = (owned[group] ?? 0) + 1;
    devices.push(device);
  }
  return devices;
}
