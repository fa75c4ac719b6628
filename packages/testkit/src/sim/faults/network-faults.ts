import type { MessageFaults } from "../../ports/net/network.ts";
import { type FaultUnderWay, type Scene, type StartFault, shuffled, upNodes } from "./fault.ts";

/** Streams of the consensus cores: what they lose is sent again. */
const LOSSY_METHODS = ["Raft", "Beats"];

function names(scene: Scene): string[] {
  return scene.cluster.nodes.map((node) => node.name);
}

function healed(scene: Scene, forMs: number, what: string): FaultUnderWay {
  return {
    forMs,
    end: () => {
      scene.cluster.world.network.healAll();
      scene.say(`${what} ends`);
    },
  };
}

export const partition: StartFault = (scene) => {
  const hosts = shuffled(scene.random, names(scene));
  const at = 1 + scene.random.below(hosts.length - 1);
  const [these, those] = [hosts.slice(0, at), hosts.slice(at)];
  scene.say(`partition: ${these.join(" ")} | ${those.join(" ")}`);
  scene.cluster.world.network.partition(these, those);
  return healed(scene, scene.random.between(200, 10_000), "partition");
};

export const oneWayPartition: StartFault = (scene) => {
  const [from = "", ...others] = shuffled(scene.random, names(scene));
  const outgoing = scene.random.chance(0.5);
  scene.say(`${from} ${outgoing ? "is not heard" : "hears nothing"}`);
  for (const other of others) {
    if (outgoing) scene.cluster.world.network.cut(from, other);
    else scene.cluster.world.network.cut(other, from);
  }
  return healed(scene, scene.random.between(200, 8000), "one-way partition");
};

export const isolatedNode: StartFault = (scene) => {
  const [alone = "", ...others] = shuffled(scene.random, names(scene));
  scene.say(`${alone} is cut off`);
  for (const other of others) scene.cluster.world.network.cutBoth(alone, other);
  return healed(scene, scene.random.between(500, 15_000), "isolation");
};

export const resetConnections: StartFault = (scene) => {
  const [a, b] = shuffled(scene.random, upNodes(scene));
  if (a === undefined || b === undefined) return undefined;
  scene.say(`connections of ${a.name} and ${b.name} break`);
  scene.cluster.world.network.reset(a.name, b.name);
  return { forMs: 0, end: () => undefined };
};

export const slowLink: StartFault = (scene) => {
  const [from = "", to = ""] = shuffled(scene.random, names(scene));
  const extraMs = scene.random.between(5, scene.random.pick([600, 600, 4000]));
  scene.say(`${from} to ${to} takes ${extraMs.toFixed(0)} ms more`);
  scene.cluster.world.network.delay(from, to, extraMs);
  return {
    forMs: scene.random.between(500, 10_000),
    end: () => {
      scene.cluster.world.network.delay(from, to, 0);
      scene.say(`${from} to ${to} is quick again`);
    },
  };
};

/**
 * A node loses one peer, hears late answers of the other, and then is not heard any more: for a while answers to what it said long ago make it
 * believe that it leads.
 */
export const lateAnswers: StartFault = (scene) => {
  const { random, cluster } = scene;
  const { network } = cluster.world;
  const [alone = "", slow = "", ...lost] = shuffled(random, names(scene));
  const extraMs = random.between(300, 1200);
  const heardMs = random.between(500, 2500);
  scene.say(`${alone} hears ${slow} ${extraMs.toFixed(0)} ms late and ${lost.join(" ")} not at all`);
  network.delay(slow, alone, extraMs);
  for (const other of lost) network.cutBoth(alone, other);
  let isOver = false;
  network.owner.after(heardMs, "not heard", () => {
    if (!isOver) network.cut(alone, slow);
  });
  return {
    forMs: heardMs + random.between(2000, 5000),
    end: () => {
      isOver = true;
      network.delay(slow, alone, 0);
      network.healAll();
      scene.say(`${alone} hears well again`);
    },
  };
};

function messageFault(name: string, faults: (scene: Scene) => Partial<MessageFaults>): StartFault {
  return (scene) => {
    const { network } = scene.cluster.world;
    const before = network.messageFaults;
    const none = { dropChance: 0, duplicateChance: 0, reorderChance: 0, reorderMs: 50 };
    scene.say(`consensus messages: ${name}`);
    network.messageFaults = { methods: LOSSY_METHODS, ...none, ...before, ...faults(scene) };
    return {
      forMs: scene.random.between(1000, 15_000),
      end: () => {
        network.messageFaults = undefined;
        scene.say(`consensus messages: ${name} ends`);
      },
    };
  };
}

export const dropMessages = messageFault("drop", ({ random }) => ({ dropChance: random.between(0.01, 0.3) }));
export const duplicateMessages = messageFault("duplicate", ({ random }) => ({
  duplicateChance: random.between(0.05, 0.5),
}));
export const reorderMessages = messageFault("reorder", ({ random }) => ({
  reorderChance: random.between(0.05, 0.5),
  reorderMs: random.between(5, 500),
}));
