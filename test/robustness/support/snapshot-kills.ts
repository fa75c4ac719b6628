import { groupName, META_GROUP } from "@ringtide/common";
import type { Death } from "@ringtide/testkit";
import { eventually } from "../../support/cluster.ts";
import { Cluster } from "./cluster.ts";
import { Chores, died, endsWithin, type Kill, type RunResult, SETTINGS, type Target, verifyAfter } from "./kills.ts";
import { Load } from "./load.ts";
import type { NodeProcess } from "./node-process.ts";
import { SHORT_LOGS } from "./settings.ts";

const META = groupName(META_GROUP);
const BEHIND_MS = 60_000;
/** A log of SHORT_LOGS does not reach back this far behind its checkpoint. */
const BEHIND_ENTRIES = 25;
/** From the moment the receiver serves to the last step of its snapshots. */
const TRAILING_MS = 2000;
const ROUNDS = 3;

/** Steps that are also taken on other occasions: their passes count once this place was passed. */
const BEHIND: readonly (readonly [pattern: RegExp, place: string])[] = [
  [/^log\.cuts\./, "kv.install.write.after"],
  [/^group\.dir\./, "install.link.after"],
  [/^kv\.meta\./, "incoming.dir.sync.after"],
];

const GATHERED: Target = { name: "incoming.dir.sync.before", occasion: "snapshot", hit: 1 };

const isMeta = ({ name }: Target) => /^(kv\.meta|snapshot\.replace)\./.test(name);
const isOfSender = ({ name }: Target) => /^(send\.snapshot|snapshots?)\./.test(name);
/** Comes by only when the snapshot is another than the one that it had begun to gather. */
const needsOther = ({ name }: Target) => name.startsWith("incoming.unlink.");

function deathAt({ name, hit }: Target): Death {
  const behind = BEHIND.find(([pattern]) => pattern.test(name))?.[1];
  return { name, hit, ...(behind === undefined ? {} : { behind }) };
}

/** One cluster under load in which a node falls so far behind that it gets snapshots; it, or who sends them, dies at one target after the other. */
export async function killInSnapshots(targets: readonly Target[]): Promise<RunResult> {
  const cluster = await Cluster.start({ program: "failpoints", settings: { ...SETTINGS, ...SHORT_LOGS } });
  try {
    const load = await Load.start({ addresses: cluster.addresses, writers: 3, textBytes: 500, paceMs: 50 });
    const chores = await Chores.start(cluster.addresses);
    const run = new SnapshotRun(cluster, chores);
    const missed: Target[] = [];
    for (const left of [targets.filter((target) => !isMeta(target)), targets.filter(isMeta)]) {
      for (let round = 1; left.length > 0; round++) {
        const before = left.length;
        await run.round(left);
        await load.goesOn(`a snapshot round, ${left.length} targets left`);
        if (left.length < before) round = 0;
        else if (round === ROUNDS) missed.push(...left.splice(0, 1));
      }
    }
    await chores.stop();
    const acknowledgedRows = await verifyAfter(run.kills, cluster, load);
    return { kills: run.kills, missed, acknowledgedRows, hits: cluster.hits() };
  } finally {
    await cluster.end();
  }
}

class SnapshotRun {
  readonly kills: Kill[] = [];
  readonly #cluster: Cluster;
  readonly #chores: Chores;
  #turn = 0;

  constructor(cluster: Cluster, chores: Chores) {
    this.#cluster = cluster;
    this.#chores = chores;
  }

  /** Leaves a node behind, and takes from `targets` those at which somebody died before it had caught up. All have caught up on return. */
  async round(targets: Target[]): Promise<void> {
    const receiver = this.#cluster.node((this.#turn++ % this.#cluster.nodes.length) + 1);
    const [first] = targets;
    if (first === undefined) return;
    await this.#leaveBehind(receiver, isMeta(first));
    for (let target = targets[0]; target !== undefined; target = targets[0]) {
      if (needsOther(target)) await this.#interrupt(receiver);
      if (!(await this.#kill(target, receiver))) break;
      targets.shift();
    }
    for (const node of this.#cluster.nodes) if (!node.isRunning) node.start();
    await this.#cluster.ready();
    await this.#cluster.caughtUp();
  }

  /** Ends a node, and returns when the others' logs begin behind what it has. */
  async #leaveBehind(receiver: NodeProcess, withMeta: boolean): Promise<void> {
    const { groups } = await this.#cluster.status();
    const has = new Map(
      groups.map(({ group, replicas }) => [group, replicas.find(({ node }) => node === receiver.number)?.lastIndex]),
    );
    await receiver.kill();
    if (this.#turn > 1) await this.#restartOthers(receiver);
    if (withMeta) this.#chores.changeMeta();
    await eventually(`node ${receiver.number} is behind`, BEHIND_MS, async () => {
      const now = (await this.#cluster.status()).groups.filter(({ group }) => group !== META || withMeta);
      return now.every(({ group, leader, replicas }) => {
        const checkpoint = replicas.find(({ node }) => node === leader)?.checkpointIndex ?? 0;
        return checkpoint > (has.get(group) ?? 0) + BEHIND_ENTRIES;
      });
    });
  }

  /** A snapshot that is held keeps the log behind it; so no node may hold one. */
  async #restartOthers(receiver: NodeProcess): Promise<void> {
    const others = this.#cluster.nodes.filter((node) => node !== receiver);
    await Promise.all(others.map((node) => node.kill()));
    for (const node of others) node.start();
    await this.#cluster.ready(others);
  }

  /** The receiver dies with a whole snapshot gathered that nobody sends any more. */
  async #interrupt(receiver: NodeProcess): Promise<void> {
    receiver.start(GATHERED);
    if (!(await this.#ends(receiver, receiver))) return;
    await died(receiver, GATHERED);
    await this.#restartOthers(receiver);
  }

  /** Starts the receiver; false when it caught up, and nobody died. Else it has ended, and all others run. */
  async #kill(target: Target, receiver: NodeProcess): Promise<boolean> {
    const victim = isOfSender(target) ? await this.#leader(receiver, isMeta(target)) : receiver;
    if (victim !== receiver) await victim.order({ die: deathAt(target) });
    if (!receiver.isRunning) receiver.start(victim === receiver ? deathAt(target) : undefined);
    if (!(await this.#ends(victim, receiver))) {
      await victim.order({});
      return false;
    }
    this.kills.push(await died(victim, target));
    if (victim === receiver) return true;
    await receiver.kill();
    victim.start();
    await this.#cluster.ready(this.#cluster.nodes.filter((node) => node !== receiver));
    return true;
  }

  /** True when the victim dies before the receiver has caught up. */
  async #ends(victim: NodeProcess, receiver: NodeProcess): Promise<boolean> {
    const caughtUp = this.#cluster
      .ready([receiver])
      .then(() => endsWithin(victim, TRAILING_MS))
      .catch(() => !victim.isRunning);
    return await Promise.race([victim.ended.then(() => true), caughtUp]);
  }

  /** Who leads the meta group, or most data groups. */
  async #leader(receiver: NodeProcess, ofMeta: boolean): Promise<NodeProcess> {
    const { groups } = await this.#cluster.status();
    const led = (node: NodeProcess) =>
      groups.filter(({ group, leader }) => leader === node.number && (group === META) === ofMeta).length;
    const [first, ...rest] = this.#cluster.nodes.filter((node) => node !== receiver);
    if (first === undefined) throw new Error("there is no other node");
    return rest.reduce((best, node) => (led(node) > led(best) ? node : best), first);
  }
}
