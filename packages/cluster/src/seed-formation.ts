import type { Clock, Connection, Logger, Net, Random, SlotStrategy } from "@ringtide/common";
import { asRingtideError, hasCode, RingtideError, randomUuid, sleep } from "@ringtide/common";
import { decodeMessage, encodeMessage, HelloMessage, type Init } from "@ringtide/proto";
import type { FormationRecord, NodeAddresses } from "./formation.ts";
import { addressText, checkFormation, memberOf } from "./formation.ts";
import { MAX_CONTROL_BYTES, META_SERVICE, PROTOCOL_VERSION } from "./wire.ts";

/** What a node says of itself when it meets another. */
export interface SelfDescription {
  readonly nodeUuid: string;
  readonly clusterName: string;
  /** Configuration keys that must agree, as text. */
  readonly agreement: Readonly<Record<string, string>>;
  readonly internalSecret: string;
}

export interface FormationOptions {
  readonly self: SelfDescription;
  readonly selfAddresses: NodeAddresses;
  readonly seeds: readonly NodeAddresses[];
  readonly replicas: number;
  readonly groupsPerHeader: number;
  readonly slotStrategy: SlotStrategy;
  readonly precision: "ms" | "us" | "ns";
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const ROUND_MS = 300;
const HELLO_TIMEOUT_MS = 1000;
/** A round without progress is logged this often. */
const REPORT_EVERY_ROUNDS = 20;

interface Answer {
  readonly seed: NodeAddresses;
  readonly hello: HelloMessage;
}

/**
 * Meets the other seeds until the cluster has formed, and returns its record. The first seed of the list mints the record, once
 * every seed has answered that it is empty and agrees; the others fetch it. So no cluster forms while one seed is missing or
 * belongs to a cluster already: that is what keeps two wiped seeds of three from forming a second one.
 */
export async function formCluster(options: FormationOptions): Promise<FormationRecord> {
  const others = options.seeds.filter((seed) => addressText(seed) !== addressText(options.selfAddresses));
  const connections = new Map(others.map((seed) => [seed, connectMeta(options.net, seed, options.self)]));
  try {
    for (let round = 0; ; round++) {
      const answers = await meetAll(connections, options);
      for (const answer of answers) {
        const record = recordFrom(answer, options);
        if (record !== undefined) return record;
      }
      const isFirst = addressText(options.seeds[0] as NodeAddresses) === addressText(options.selfAddresses);
      if (isFirst && answers.length === others.length) return mint(options, answers);
      if (round % REPORT_EVERY_ROUNDS === REPORT_EVERY_ROUNDS - 1) report(options, others, answers);
      await sleep(options.clock, ROUND_MS, options.signal);
    }
  } finally {
    for (const connection of connections.values()) connection.close();
  }
}

function connectMeta(net: Net, seed: NodeAddresses, self: SelfDescription): Connection {
  return net.connect(
    { host: seed.host, port: seed.metaPort },
    {
      service: META_SERVICE,
      metadata: { "ringtide-secret": self.internalSecret },
      maxMessageBytes: MAX_CONTROL_BYTES,
      connectTimeoutMs: HELLO_TIMEOUT_MS,
    },
  );
}

async function meetAll(
  connections: ReadonlyMap<NodeAddresses, Connection>,
  options: FormationOptions,
): Promise<Answer[]> {
  const request = encodeMessage(HelloMessage, helloOf(options.self));
  const answers: Answer[] = [];
  const meetings = Array.from(connections, async ([seed, connection]) => {
    try {
      const reply = await connection.unary("Hello", request, { timeoutMs: HELLO_TIMEOUT_MS, signal: options.signal });
      const hello = decodeMessage(HelloMessage, reply, `hello of ${addressText(seed)}`);
      checkAgreement(options.self, hello, addressText(seed));
      answers.push({ seed, hello });
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (hasCode(error, "NET_UNREACHABLE", "NET_TIMEOUT", "NET_CLOSED", "SHUTTING_DOWN")) return;
      throw error;
    }
  });
  await Promise.all(meetings);
  return answers;
}

/** The hello of a node that has not formed; handlers add cluster UUID and record. */
export function helloOf(self: SelfDescription): Init<HelloMessage> {
  return {
    nodeUuid: self.nodeUuid,
    clusterName: self.clusterName,
    agreement: { ...self.agreement },
    protocolMin: PROTOCOL_VERSION,
    protocolMax: PROTOCOL_VERSION,
  };
}

/** Throws the first difference that forbids two nodes to be in one cluster. */
export function checkAgreement(self: SelfDescription, other: HelloMessage, otherName: string): void {
  if (other.protocolMin > PROTOCOL_VERSION || other.protocolMax < PROTOCOL_VERSION) {
    throw new RingtideError(
      "CONFIG_MISMATCH",
      `${otherName} speaks internal protocol ${other.protocolMin} to ${other.protocolMax}, this node ${PROTOCOL_VERSION}`,
    );
  }
  if (other.clusterName !== self.clusterName) {
    throw new RingtideError(
      "CLUSTER_MISMATCH",
      `${otherName} has cluster_name '${other.clusterName}', this node '${self.clusterName}'`,
    );
  }
  const keys = new Set([...Object.keys(self.agreement), ...Object.keys(other.agreement)]);
  for (const key of [...keys].sort()) {
    const mine = self.agreement[key];
    const theirs = other.agreement[key];
    if (mine !== theirs) {
      throw new RingtideError(
        "CONFIG_MISMATCH",
        `${key} must agree on all nodes: ${otherName} has '${theirs ?? ""}', this node '${mine ?? ""}'`,
      );
    }
  }
}

function recordFrom(answer: Answer, options: FormationOptions): FormationRecord | undefined {
  const { hello, seed } = answer;
  if (hello.clusterUuid === "") return undefined;
  if (hello.formation === "") {
    throw new RingtideError(
      "ALREADY_FORMED",
      `seed ${addressText(seed)} belongs to cluster ${hello.clusterUuid}, which does not know this node's data directory: it is empty or was wiped. Restore it: a node cannot be added in this version`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(hello.formation);
  } catch {
    throw new RingtideError("FRAME_MALFORMED", `hello of ${addressText(seed)}: formation record is not JSON`);
  }
  const record = checkFormation(parsed, `hello of ${addressText(seed)}`);
  if (memberOf(record, options.self.nodeUuid) === undefined) {
    throw new RingtideError("ALREADY_FORMED", `seed ${addressText(seed)} sent a record that does not name this node`);
  }
  return record;
}

function mint(options: FormationOptions, answers: readonly Answer[]): FormationRecord {
  const uuids = new Map(answers.map((answer) => [addressText(answer.seed), answer.hello.nodeUuid]));
  uuids.set(addressText(options.selfAddresses), options.self.nodeUuid);
  if (new Set(uuids.values()).size !== options.seeds.length) {
    throw new RingtideError("DATA_DIR_FOREIGN", "two seeds have the same node UUID: a data directory was copied");
  }
  const record: FormationRecord = {
    clusterUuid: randomUuid(options.random),
    clusterName: options.self.clusterName,
    members: options.seeds.map((addresses, position) => ({
      id: position + 1,
      uuid: uuids.get(addressText(addresses)) ?? "",
      addresses,
    })),
    replicas: options.replicas,
    groupsPerHeader: options.groupsPerHeader,
    slotStrategy: options.slotStrategy,
    precision: options.precision,
  };
  options.logger.info("formed the cluster", { cluster: record.clusterUuid, nodes: record.members.length });
  return record;
}

function report(options: FormationOptions, others: readonly NodeAddresses[], answers: readonly Answer[]): void {
  const present = new Set(answers.map((answer) => answer.seed));
  const missing = others.filter((seed) => !present.has(seed)).map(addressText);
  const error = new RingtideError(
    "NOT_FORMED",
    missing.length > 0 ? `seeds that did not answer: ${missing.join(", ")}` : "waiting for the first seed",
  );
  options.logger.warn("waiting for the cluster to form", { code: error.code, reason: asRingtideError(error).message });
}
