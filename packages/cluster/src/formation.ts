import type { Disk, NodeId, Random, SlotStrategy } from "@ringtide/common";
import { hasCode, type Kv, RingtideError, randomUuid, utf8Bytes, utf8Text } from "@ringtide/common";

/** Where a node's doors are reached. Host names are kept as written. */
export interface NodeAddresses {
  readonly host: string;
  readonly metaPort: number;
  readonly dataPort: number;
  readonly clientPort: number;
}

export interface MemberRecord {
  readonly id: NodeId;
  readonly uuid: string;
  readonly addresses: NodeAddresses;
}

/** What the first formation decides, once; every member keeps it in its data directory. */
export interface FormationRecord {
  readonly clusterUuid: string;
  readonly clusterName: string;
  readonly members: readonly MemberRecord[];
  readonly replicas: number;
  readonly groupsPerHeader: number;
  readonly slotStrategy: SlotStrategy;
  readonly precision: "ms" | "us" | "ns";
}

/** What a data directory knows of itself. The UUID is minted on the first start and never changes: a wiped directory is another node. */
export interface Identity {
  readonly format: 1;
  readonly nodeUuid: string;
  readonly formation: FormationRecord | undefined;
  /** Log and key-value store were made: from then on both must be there, or the node could break what it promised (a vote, an entry). */
  readonly storesMade: boolean;
}

const FILE = "identity.json";
/** Whose the key-value store is. */
const OWNER_KEY = utf8Bytes("node/uuid");

/** Reads the identity of a data directory, or mints a node UUID for an empty one. Durable on return. */
export async function loadIdentity(disk: Disk, directory: string, random: Random): Promise<Identity> {
  const path = `${directory}/${FILE}`;
  let text: string;
  try {
    text = utf8Text(await disk.readFile(path));
  } catch (error) {
    if (!hasCode(error, "DISK_NOT_FOUND")) throw error;
    const identity: Identity = { format: 1, nodeUuid: randomUuid(random), formation: undefined, storesMade: false };
    await saveIdentity(disk, directory, identity);
    return identity;
  }
  return parseIdentity(text, path);
}

export async function saveIdentity(disk: Disk, directory: string, identity: Identity): Promise<void> {
  await disk.replaceFile(`${directory}/${FILE}`, utf8Bytes(`${JSON.stringify(identity, null, 2)}\n`));
}

function parseIdentity(text: string, path: string): Identity {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new RingtideError(
      "DISK_CORRUPT",
      `${path} is not JSON: restore it from a copy; a node cannot be added in this version`,
    );
  }
  const identity = parsed as Partial<Identity>;
  if (identity.format !== 1)
    throw new RingtideError("FORMAT_UNKNOWN", `${path} has format ${String(identity.format)}; this version knows 1`);
  if (typeof identity.nodeUuid !== "string") throw new RingtideError("DISK_CORRUPT", `${path} lacks nodeUuid`);
  const formation = identity.formation === undefined ? undefined : checkFormation(identity.formation, path);
  return { format: 1, nodeUuid: identity.nodeUuid, formation, storesMade: identity.storesMade === true };
}

/** The key-value store must be this node's, and not be an empty one in the place of one that was made: DATA_DIR_FOREIGN, DISK_CORRUPT. */
export async function checkStore(kv: Kv, directory: string, identity: Identity): Promise<void> {
  const owner = await kv.get(OWNER_KEY);
  if (owner === undefined) {
    if (!identity.storesMade) return;
    throw new RingtideError(
      "DISK_CORRUPT",
      `${directory}/kv is empty: the node's key-value store was lost. Restore it: a node cannot be added in this version`,
    );
  }
  if (utf8Text(owner) === identity.nodeUuid) return;
  throw new RingtideError(
    "DATA_DIR_FOREIGN",
    `${directory}/kv belongs to node '${utf8Text(owner)}', ${FILE} beside it says '${identity.nodeUuid}'`,
  );
}

/** Remembers, durably, that log and key-value store were made. To be called before the node promises anything. */
export async function markStoresMade(disk: Disk, kv: Kv, directory: string, identity: Identity): Promise<void> {
  await kv.write([{ op: "put", key: OWNER_KEY, value: utf8Bytes(identity.nodeUuid) }], { sync: true });
  await saveIdentity(disk, directory, { ...identity, storesMade: true });
}

/** Parses a record that came over the network or from disk; `source` names it in errors. */
export function checkFormation(value: unknown, source: string): FormationRecord {
  const record = value as FormationRecord;
  const sound =
    typeof record === "object" &&
    record !== null &&
    typeof record.clusterUuid === "string" &&
    typeof record.clusterName === "string" &&
    Array.isArray(record.members) &&
    record.members.length > 0 &&
    record.members.every(
      (m) =>
        Number.isSafeInteger(m?.id) && m.id > 0 && typeof m.uuid === "string" && typeof m.addresses?.host === "string",
    ) &&
    Number.isSafeInteger(record.replicas) &&
    Number.isSafeInteger(record.groupsPerHeader) &&
    Number.isSafeInteger(record.slotStrategy?.slotCount);
  if (!sound) throw new RingtideError("FRAME_MALFORMED", `${source}: not a formation record`);
  return record;
}

/** The member that a data directory is; undefined when the record does not name it. */
export function memberOf(record: FormationRecord, nodeUuid: string): MemberRecord | undefined {
  return record.members.find((member) => member.uuid === nodeUuid);
}

export function addressText(addresses: NodeAddresses): string {
  return `${addresses.host}:${addresses.metaPort}:${addresses.dataPort}:${addresses.clientPort}`;
}
