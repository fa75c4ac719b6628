import { connect, type Session } from "@ringtide/client";
import type { Occasion } from "@ringtide/testkit";
import { Cluster } from "./cluster.ts";
import { Load, pause } from "./load.ts";
import type { NodeProcess } from "./node-process.ts";
import { SHORT_ELECTIONS, SMALL_FILES } from "./settings.ts";
import { verify } from "./verify.ts";

/** A failpoint that is to end a node. */
export interface Target {
  readonly name: string;
  readonly occasion: Occasion;
  /** At which pass. */
  readonly hit: number;
}

/** A node that died where it should. */
export interface Kill extends Target {
  readonly node: number;
}

export const SETTINGS = { ...SMALL_FILES, ...SHORT_ELECTIONS };
const DEATH_MS: Readonly<Record<Occasion, number>> = {
  formation: 60_000,
  start: 20_000,
  load: 15_000,
  election: 10_000,
  balance: 20_000,
  torn: 20_000,
  snapshot: 60_000,
};
const ATTEMPTS = 5;
const TORN_WRITE: Target = { name: "log.segment.write.partial", occasion: "load", hit: 1 };
const FLUSH_EVERY_MS = 400;
/** More than the entries after which the meta group writes its checkpoint. */
const META_ENTRIES = 280;

/** Checks what must hold after any number of crashes; a failure tells which they were. Returns the rows that were acknowledged. */
export async function verifyAfter(kills: readonly Kill[], cluster: Cluster, load: Load): Promise<number> {
  try {
    await verify(cluster, load);
  } catch (error) {
    const story = kills.map(({ node, name, hit, occasion }) => `node ${node}, ${occasion}: ${name} (${hit})`);
    throw new Error([error instanceof Error ? error.message : String(error), "after", ...story].join("\n"));
  }
  return load.acknowledgedRows;
}

/** Fails unless the process that has just ended was ended by its failpoint. */
export async function died(node: NodeProcess, target: Target): Promise<Kill> {
  const { code, signal } = await node.ended;
  const diedAt = node.report()?.diedAt;
  if (signal !== "SIGKILL" || diedAt !== target.name)
    throw new Error(
      `node ${node.number} should have died at ${target.name}; it ended with ${code ?? signal} at ${diedAt ?? "no failpoint"}:\n${node.logTail()}`,
    );
  return { ...target, node: node.number };
}

/** True once the process has ended. */
export async function endsWithin(node: NodeProcess, timeoutMs: number): Promise<boolean> {
  const timeout = pause(timeoutMs).then(() => false);
  return await Promise.race([node.ended.then(() => true), timeout]);
}

export interface RunResult {
  readonly kills: readonly Kill[];
  /** Those that no node came by. */
  readonly missed: readonly Target[];
  readonly acknowledgedRows: number;
  readonly hits: ReadonlyMap<string, number>;
}

/** Forms a cluster whose nodes die on the way, each at one of the targets, and are started again. At most as many targets as nodes. */
export async function killDuringFormation(targets: readonly (Target | undefined)[]): Promise<RunResult> {
  const cluster = await Cluster.create({ program: "failpoints", settings: SETTINGS });
  try {
    const kills: Kill[] = [];
    const armed = new Map<NodeProcess, Target>();
    for (const [i, node] of cluster.nodes.entries()) {
      const target = targets[i];
      if (target !== undefined) armed.set(node, target);
      node.start(target);
    }
    const revive = async () => {
      for (const [node, target] of armed) {
        if (node.isRunning) continue;
        kills.push(await died(node, target));
        armed.delete(node);
        node.start();
      }
    };
    await untilReady(cluster, revive);
    for (const node of armed.keys()) await node.order({});
    await revive();
    await cluster.ready();
    const load = await Load.start({ addresses: cluster.addresses, writers: 3, paceMs: 10 });
    await load.goesOn("formation");
    const acknowledgedRows = await verifyAfter(kills, cluster, load);
    return { kills, missed: [...armed.values()], acknowledgedRows, hits: cluster.hits() };
  } finally {
    await cluster.end();
  }
}

/** Starts nodes that have died again until all serve. */
async function untilReady(cluster: Cluster, revive: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + DEATH_MS.formation;
  for (;;) {
    await revive();
    try {
      await cluster.ready();
      return;
    } catch (error) {
      const hasEnded = cluster.nodes.some((node) => !node.isRunning);
      if (!hasEnded || performance.now() > deadlineMs) throw error;
    }
  }
}

/** One cluster under load whose nodes die at one target after the other. */
export async function killUnderLoad(targets: readonly Target[]): Promise<RunResult> {
  const cluster = await Cluster.start({ program: "failpoints", settings: SETTINGS });
  try {
    const load = await Load.start({ addresses: cluster.addresses, writers: 4, textBytes: 500, paceMs: 50 });
    const chores = await Chores.start(cluster.addresses);
    const run = new KillRun(cluster, chores);
    const missed: Target[] = [];
    const starts = targets.filter((target) => target.occasion === "start");
    for (const target of targets) {
      if (target.occasion === "start") continue;
      if (target.occasion === "torn") {
        await run.kill(TORN_WRITE);
        await run.reviveAll(target);
        continue;
      }
      if (!(await run.kill(target))) missed.push(target);
      await run.reviveAll(starts.shift());
      await load.goesOn(target.name);
    }
    for (const target of starts) {
      await cluster.node(run.nextNode()).kill();
      await run.reviveAll(target);
    }
    await chores.stop();
    const acknowledgedRows = await verifyAfter(run.kills, cluster, load);
    const reached = new Set(run.kills.map(({ name, occasion }) => `${occasion} ${name}`));
    const onStart = targets.filter(({ occasion }) => occasion === "start" || occasion === "torn");
    missed.push(...onStart.filter(({ name, occasion }) => !reached.has(`${occasion} ${name}`)));
    return { kills: run.kills, missed, acknowledgedRows, hits: cluster.hits() };
  } finally {
    await cluster.end();
  }
}

class KillRun {
  readonly kills: Kill[] = [];
  readonly #cluster: Cluster;
  readonly #chores: Chores;
  #turn = 0;

  constructor(cluster: Cluster, chores: Chores) {
    this.#cluster = cluster;
    this.#chores = chores;
  }

  /** The nodes take turns. */
  nextNode(): number {
    return (this.#turn++ % this.#cluster.nodes.length) + 1;
  }

  /** Ends some node at the target; false when none came by it. */
  async kill(target: Target): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const node = this.#cluster.node(this.nextNode());
      const hit = attempt === 1 ? target.hit : 1;
      // Whoever was elected in its place gives leadership back: that may be any of the others.
      const armed = target.occasion === "balance" ? this.#cluster.nodes.filter((each) => each !== node) : [node];
      for (const each of armed) await each.order({ die: { name: target.name, hit } });
      if (target.occasion === "election") await this.#takeAway(this.#neighbour(node));
      if (target.occasion === "balance") await this.#takeAway(node);
      if (target.name.startsWith("kv.meta")) this.#chores.changeMeta();
      await Promise.race(armed.map((each) => endsWithin(each, DEATH_MS[target.occasion])));
      const dead = armed.filter((each) => !each.isRunning);
      for (const each of dead) this.kills.push(await died(each, { ...target, hit }));
      for (const each of armed) if (each.isRunning) await each.order({});
      if (dead.length > 0) return true;
      await this.reviveAll();
    }
    return false;
  }

  #neighbour({ number }: NodeProcess): NodeProcess {
    return this.#cluster.node((number % this.#cluster.nodes.length) + 1);
  }

  /** For as long as a node needs to start: its groups elect leaders, and give leadership back later. */
  async #takeAway(node: NodeProcess): Promise<void> {
    await node.kill();
    node.start();
  }

  /** Starts what has ended; one of them dies at `target` on its way, and is started once more. All serve on return. */
  async reviveAll(target?: Target): Promise<void> {
    let left = target;
    for (const node of this.#cluster.nodes) {
      if (node.isRunning) continue;
      node.start(left);
      if (left === undefined) continue;
      if (await endsWithin(node, DEATH_MS.start)) {
        this.kills.push(await died(node, left));
        node.start();
      } else await node.order({});
      left = undefined;
    }
    await this.#cluster.ready();
    await this.#cluster.caughtUp();
  }
}

/** What makes nodes come by rare steps: flushes all the time, and changes of the meta group on demand. */
export class Chores {
  readonly #session: Session;
  readonly #flushing: Promise<void>;
  #isRunning = true;
  #changing: Promise<void> = Promise.resolve();
  #groups = 0;

  private constructor(session: Session) {
    this.#session = session;
    this.#flushing = this.#flush();
  }

  static async start(addresses: readonly string[]): Promise<Chores> {
    return new Chores(await connect({ addresses }));
  }

  async #flush(): Promise<void> {
    while (this.#isRunning) {
      await this.#try("FLUSH");
      await pause(FLUSH_EVERY_MS);
    }
  }

  /** Failures are expected: nodes die all the time. */
  async #try(sql: string): Promise<void> {
    try {
      await this.#session.execute(sql, { timeoutMs: 10_000 });
    } catch {
      await pause(FLUSH_EVERY_MS);
    }
  }

  /** As many changes as make every node write the checkpoint of the meta group; does not wait for them. */
  changeMeta(): void {
    this.#changing = this.#changing.then(async () => {
      for (let left = META_ENTRIES; left > 0 && this.#isRunning; left -= 20)
        await Promise.all(
          Array.from({ length: 20 }, () => this.#try(`CREATE STORAGE GROUP root.chores.g${this.#groups++}`)),
        );
    });
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all([this.#flushing, this.#changing]);
    await this.#session.close();
  }
}
