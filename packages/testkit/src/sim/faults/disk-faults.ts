import { equalBytes } from "@ringtide/common";
import { SECTOR_BYTES } from "../../ports/disk/sim-file.ts";
import type { SimNode } from "../sim-node.ts";
import { canSpareCopies, type Scene, type StartFault, spareNode, upNodes } from "./fault.ts";

/** Of a disk that nothing fills. */
const ROOMY_BYTES = 1024 ** 4;
const LOG = "/data/log/";
const FILES = "/data/groups/";

function anyUp(scene: Scene): SimNode | undefined {
  const up = upNodes(scene);
  return up.length === 0 ? undefined : scene.random.pick(up);
}

export const slowDisk: StartFault = (scene) => {
  const node = anyUp(scene);
  if (node === undefined) return undefined;
  const factor = scene.random.between(5, 100);
  scene.say(`disk of ${node.name} is ${factor.toFixed(0)} times slower`);
  node.machine.disk.device.slow(factor);
  return {
    forMs: scene.random.between(500, 10_000),
    end: () => {
      node.machine.disk.device.slow(1);
      scene.say(`disk of ${node.name} is quick again`);
    },
  };
};

export const stalledDisk: StartFault = (scene) => {
  const node = anyUp(scene);
  if (node === undefined) return undefined;
  scene.say(`disk of ${node.name} hangs`);
  node.machine.disk.device.stall();
  return {
    forMs: scene.random.between(500, 15_000),
    end: () => {
      node.machine.disk.device.release();
      scene.say(`disk of ${node.name} goes on`);
    },
  };
};

/** Mostly the space shrinks below a water mark; at times there is next to none. */
export const fullDisk: StartFault = (scene) => {
  const node = anyUp(scene);
  if (node === undefined) return undefined;
  const { disk } = node.machine;
  const { diskLowWaterBytes, diskReserveBytes } = node.config;
  const freeBytes = Math.floor(scene.random.pick([diskLowWaterBytes, diskReserveBytes, 4096]) * scene.random.unit());
  scene.say(`disk of ${node.name} has ${freeBytes} bytes left`);
  disk.totalBytes = disk.usedBytes + freeBytes;
  return {
    forMs: scene.random.between(2000, 15_000),
    end: () => {
      disk.totalBytes = ROOMY_BYTES;
      scene.say(`disk of ${node.name} has room again`);
    },
  };
};

function failing(operation: "write" | "datasync", what: string): StartFault {
  return (scene) => {
    const node = spareNode(scene);
    if (node === undefined) return undefined;
    scene.say(`next ${what} of ${node.name} fails`);
    node.machine.disk.device.fail({ operation, ...(scene.random.chance(0.7) ? { path: LOG } : {}) });
    return {
      forMs: scene.random.between(2000, 8000),
      end: () => {
        node.machine.disk.device.heal();
        if (node.state === "failed" || node.state === "off") {
          scene.say(`${node.name} is started`);
          node.start();
        }
      },
    };
  };
}

export const writeError = failing("write", "write");
export const syncError = failing("datasync", "sync");

/** A place in a file of the directory, each byte as likely as any other; undefined when there is none. */
function placeIn(scene: Scene, node: SimNode, directory: string, suffix: string) {
  const files = node.machine.disk
    .files(directory)
    .filter(({ path, sizeBytes }) => path.endsWith(suffix) && sizeBytes > 0);
  let at = scene.random.below(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  for (const { path, sizeBytes } of files) {
    if (at < sizeBytes) return { path, position: at };
    at -= sizeBytes;
  }
  return undefined;
}

/** Damages a place, and keeps what was there. */
function damage(scene: Scene, node: SimNode, directory: string, suffix: string): boolean {
  const place = placeIn(scene, node, directory, suffix);
  if (place === undefined) return false;
  const { disk } = node.machine;
  const { path, position } = place;
  scene.say(`${node.name}: ${path} rots at ${position}`);
  const start = position - (position % SECTOR_BYTES);
  const before = disk.content(path).slice(start, start + SECTOR_BYTES);
  if (scene.random.chance(0.5)) disk.flipBit(path, position);
  else disk.zeroSector(path, position);
  scene.damaged.set(node, {
    mend: () => disk.mend(path, start, before),
    isGone: () =>
      directory === LOG ||
      disk.tree.find(path) === undefined ||
      equalBytes(disk.content(path).subarray(start, start + before.length), before),
  });
  return true;
}

/**
 * Log entries rot on one node, in a minority of their copies, while it is down: a running node keeps its log in memory, and would
 * hand on what it has.
 */
export const rottenLog: StartFault = (scene) => {
  const node = canSpareCopies(scene) ? spareNode(scene) : undefined;
  if (node === undefined) return undefined;
  node.kill();
  node.machine.disk.settle();
  damage(scene, node, LOG, ".log");
  return {
    forMs: scene.random.between(50, 3000),
    end: () => {
      if (node.state === "off" || node.state === "failed") node.start();
      scene.say(`${node.name} is started`);
    },
  };
};

/** A data file rots under a running node or a stopped one. */
export const rottenFile: StartFault = (scene) => {
  const node = canSpareCopies(scene) ? spareNode(scene) : undefined;
  if (node === undefined) return undefined;
  if (!damage(scene, node, FILES, ".tsfile")) return undefined;
  const restart = scene.random.chance(0.5);
  if (restart) node.kill();
  return {
    forMs: scene.random.between(50, 3000),
    end: () => {
      if (restart && (node.state === "off" || node.state === "failed")) node.start();
    },
  };
};
