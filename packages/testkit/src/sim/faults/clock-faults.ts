import type { StartFault } from "./fault.ts";

/** Crystals differ by far less; virtual machines that are moved around see more. */
const MAX_DRIFT = 0.1;

export const clockSkew: StartFault = (scene) => {
  const node = scene.random.pick(scene.cluster.nodes);
  const rate = scene.random.between(1 - MAX_DRIFT, 1 + MAX_DRIFT);
  scene.say(`clock of ${node.name} runs at ${rate.toFixed(3)}`);
  node.machine.setClockRate(rate);
  return {
    forMs: scene.random.between(2000, 20_000),
    end: () => {
      node.machine.setClockRate(1);
      scene.say(`clock of ${node.name} runs well again`);
    },
  };
};

export const clockJump: StartFault = (scene) => {
  const node = scene.random.pick(scene.cluster.nodes);
  const byMs = Math.round(scene.random.between(-3_600_000, 3_600_000));
  scene.say(`wall clock of ${node.name} jumps by ${byMs} ms`);
  node.machine.jumpWall(byMs);
  return { forMs: 0, end: () => undefined };
};
