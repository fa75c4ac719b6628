import type { SimNode } from "../sim-node.ts";
import { DATA_ASIDE, type FaultUnderWay, LOG_ASIDE, type Scene, type StartFault, spareNode, upNodes } from "./fault.ts";

/** Ends after a while by starting the node again, unless something else has. */
function downFor(scene: Scene, node: SimNode, forMs: number): FaultUnderWay {
  return {
    forMs,
    end: () => {
      if (node.state === "off" || node.state === "failed") node.start();
      scene.say(`${node.name} is started`);
    },
  };
}

/** Mostly one that can be spared; at times any, so that groups lose their quorum for a while. */
function victim(scene: Scene): SimNode | undefined {
  const up = upNodes(scene);
  if (up.length === 0) return undefined;
  return scene.random.chance(0.2) ? scene.random.pick(up) : spareNode(scene);
}

export const kill: StartFault = (scene) => {
  const node = victim(scene);
  if (node === undefined) return undefined;
  scene.say(`kill -9 of ${node.name}`);
  node.kill();
  return downFor(scene, node, scene.random.between(50, 12_000));
};

export const losePower: StartFault = (scene) => {
  const node = victim(scene);
  if (node === undefined) return undefined;
  scene.say(`${node.name} loses power`);
  node.losePower();
  return downFor(scene, node, scene.random.between(50, 15_000));
};

export const losePowerOfAll: StartFault = (scene) => {
  const victims = scene.cluster.nodes.filter((node) => node.state !== "off" && node.state !== "failed");
  if (victims.length === 0) return undefined;
  scene.say("all nodes lose power");
  for (const node of victims) node.losePower();
  return {
    forMs: scene.random.between(100, 5000),
    end: () => {
      scene.say("power is back");
      for (const node of victims) if (node.state === "off") node.start();
    },
  };
};

export const cleanRestart: StartFault = (scene) => {
  const node = spareNode(scene);
  if (node === undefined) return undefined;
  scene.say(`${node.name} is stopped cleanly`);
  node.stop();
  return {
    forMs: scene.random.between(12_000, 20_000),
    end: () => {
      if (node.state === "stopping") node.kill();
      if (node.state === "off" || node.state === "failed") node.start();
      scene.say(`${node.name} is started`);
    },
  };
};

export const pause: StartFault = (scene) => {
  const node = victim(scene);
  if (node === undefined) return undefined;
  const process = node.machine.process;
  scene.say(`${node.name} is paused`);
  process?.pause();
  return {
    forMs: scene.random.between(100, 12_000),
    end: () => {
      process?.resume();
      scene.say(`${node.name} goes on`);
    },
  };
};

/**
 * A node that comes up with an empty disk, or with an empty one in the place of its log's, is a stranger: it must not take part. Its own is put
 * back afterwards.
 */
export const emptyDisk: StartFault = (scene) => {
  const node = scene.strangers.size === 0 ? spareNode(scene) : undefined;
  if (node === undefined) return undefined;
  const { disk } = node.machine;
  const [own, aside] = scene.random.chance(0.6) ? ["/data", DATA_ASIDE] : ["/data/log", LOG_ASIDE];
  scene.say(`${node.name} comes up with an empty disk in the place of ${own}`);
  node.kill();
  disk.settle();
  disk.rename(own, aside);
  disk.settle();
  scene.strangers.add(node);
  node.start();
  return {
    forMs: scene.random.between(2000, 6000),
    end: () => {
      if (node.state !== "failed" && node.state !== "off") node.kill();
      if (disk.tree.find(own) !== undefined) disk.released(...disk.tree.removeDir(own));
      disk.rename(aside, own);
      disk.settle();
      scene.strangers.delete(node);
      scene.say(`${node.name} has its disk back`);
      node.start();
    },
  };
};
