import { type GroupNumber, RingtideError } from "@ringtide/common";
import { type Cuts, readCuts, writeCuts } from "./cut-file.ts";
import { damage } from "./damage.ts";
import { GroupLog, laterHardState, NO_CUT, NO_HARD_STATE } from "./group-log.ts";
import { HardStateFile, type HardStates } from "./hard-state-file.ts";
import type { RaftLogOptions } from "./options.ts";
import { Replay } from "./replay.ts";
import { Segment, SegmentList, segmentName, segmentSequence } from "./segment.ts";
import { hasLaterMark, scanSegment } from "./segment-scanner.ts";
import { secureTail } from "./tail.ts";

export interface Recovered {
  readonly identity: string;
  readonly segments: SegmentList;
  readonly groups: Map<GroupNumber, GroupLog>;
  readonly hardStateFile: HardStateFile;
  /** Groups whose hard state only one of its two places had: it has to be written again. */
  readonly groupsToRestate: readonly GroupNumber[];
}

/** Reads the directory, or makes a new log in it. Errors: see RaftLog.open. */
export async function recover(options: RaftLogOptions): Promise<Recovered> {
  const { disk, directory, mustExist = false } = options;
  if (mustExist && (await disk.stat(`${directory}/cuts`)) === undefined) throw missing(`${directory}/cuts`);
  await makeDirectory(options);
  const sequences = (await disk.list(directory)).map(segmentSequence).filter((sequence) => sequence !== undefined);
  const { cuts, hardStateFile, hardStates } = await openSideFiles(options, sequences.length > 0);
  const opened: Segment[] = [];
  try {
    const kept = await unlinkUnneeded(options, cuts, sequences);
    checkComplete(directory, cuts, kept, hardStates);
    const replay = new Replay(directory, cuts);
    const isNew = hardStates.size === 0 && cuts.groups.size === 0;
    await replaySegments(options, replay, kept, opened, isNew);
    const tail = opened.at(-1);
    if (tail !== undefined) await secureTail(disk, directory, tail, replay.durableUpTo);
    const groupsToRestate = mergeHardStates(replay.groups, hardStates);
    const segments = new SegmentList(opened.length > 0 ? opened : [new Segment(directory, cuts.firstSegment, 0)]);
    return { identity: cuts.identity, segments, groups: replay.groups, hardStateFile, groupsToRestate };
  } catch (error) {
    for (const segment of opened) await segment.drop();
    await hardStateFile.close();
    throw error;
  }
}

async function makeDirectory({ disk, directory }: RaftLogOptions): Promise<void> {
  if ((await disk.stat(directory)) !== undefined) return;
  await disk.mkdir(directory);
  await disk.syncDir(directory.slice(0, Math.max(directory.lastIndexOf("/"), 0)) || "/");
}

interface SideFiles {
  readonly cuts: Cuts;
  readonly hardStateFile: HardStateFile;
  readonly hardStates: HardStates;
}

/**
 * A new log gets its files in this order: hard state, cuts, first segment. So a file that is missing while a later one is
 * there was lost, and without it the node could break a promise.
 */
async function openSideFiles(options: RaftLogOptions, hasSegments: boolean): Promise<SideFiles> {
  const { disk, directory, logger, identity = "" } = options;
  const found = await readCuts(disk, directory);
  if (found === undefined && hasSegments) throw missing(`${directory}/cuts`);
  if (!(await HardStateFile.exists(disk, directory))) {
    if (found !== undefined) throw missing(`${directory}/hardstate`);
    await HardStateFile.create(disk, directory);
  }
  const { file, states, validSlots } = await HardStateFile.open(disk, directory);
  try {
    if (validSlots < 2) logger.warn("one slot of the hard state is damaged, the other holds", { code: "DISK_CORRUPT" });
    if (found === undefined && states.size > 0) throw missing(`${directory}/cuts`);
    if (found !== undefined && found.identity !== "" && identity !== "" && found.identity !== identity)
      throw new RingtideError(
        "DATA_DIR_FOREIGN",
        `${directory} belongs to node '${found.identity}', not '${identity}'`,
      );
    const cuts = found ?? { identity, firstSegment: 1, groups: new Map() };
    if (found === undefined) await writeCuts(disk, directory, cuts);
    return { cuts, hardStateFile: file, hardStates: states };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function missing(path: string): RingtideError {
  return damage(path, 0, "the file is missing; without it the log cannot be trusted");
}

/** A crash can leave segments that a cut had declared unneeded. */
async function unlinkUnneeded(
  { disk, directory }: RaftLogOptions,
  { firstSegment }: Cuts,
  sequences: readonly number[],
) {
  const unneeded = sequences.filter((sequence) => sequence < firstSegment);
  for (const sequence of unneeded) await disk.unlink(`${directory}/${segmentName(sequence)}`);
  if (unneeded.length > 0) await disk.syncDir(directory);
  return sequences.filter((sequence) => sequence >= firstSegment);
}

function checkComplete(directory: string, { firstSegment }: Cuts, kept: readonly number[], states: HardStates): void {
  for (const [i, sequence] of kept.entries())
    if (sequence !== firstSegment + i) throw missing(`${directory}/${segmentName(firstSegment + i)}`);
  if (kept.length === 0 && (states.size > 0 || firstSegment > 1))
    throw missing(`${directory}/${segmentName(firstSegment)}`);
}

/** Replays the segments in order into `opened`. Only the last one may have a torn tail, or be torn altogether. */
async function replaySegments(
  options: RaftLogOptions,
  replay: Replay,
  sequences: readonly number[],
  opened: Segment[],
  isNew: boolean,
): Promise<void> {
  const { clock, logger } = options;
  const startedMs = clock.monotonicMs();
  for (const [i, sequence] of sequences.entries()) {
    const isLast = i === sequences.length - 1;
    const segment = await replaySegment(options, replay, sequence, opened.at(-1), isLast && (i > 0 || isNew));
    if (segment === undefined) continue;
    opened.push(segment);
    if (!isLast) await refuseDamage(segment);
    else await cutTornTail(options, segment);
  }
  const ms = clock.monotonicMs() - startedMs;
  const bytes = (opened.at(-1)?.end ?? 0) - (opened[0]?.base ?? 0);
  const megabytesPerSecond = Math.round(bytes / 1000 / Math.max(ms, 0.001));
  logger.info("log recovered", { segments: opened.length, entries: replay.entries, bytes, ms, megabytesPerSecond });
}

/**
 * Undefined, and the file removed, when not even its first record is whole and `mayBeTorn`: the crash came before the first
 * batch of the segment was durable.
 */
async function replaySegment(
  options: RaftLogOptions,
  replay: Replay,
  sequence: number,
  before: Segment | undefined,
  mayBeTorn: boolean,
): Promise<Segment | undefined> {
  const { disk, directory, logger } = options;
  const path = `${directory}/${segmentName(sequence)}`;
  const file = await disk.open(path, "readWrite");
  const size = await file.sizeBytes();
  let segment: Segment | undefined;
  let valid: number;
  try {
    valid = await scanSegment(file, size, (view, at, offset, length) => {
      if (segment === undefined) segment = replay.segment(path, view, at, sequence, before);
      else replay.record(segment, view, at, offset, length);
    });
    if (segment === undefined && (!mayBeTorn || (await hasLaterMark(file, 0, size, before?.end ?? 0))))
      throw damage(path, 0, "the first record is damaged");
  } catch (error) {
    await file.close();
    throw error;
  }
  if (segment !== undefined) {
    segment.adopt(file);
    segment.end = segment.base + valid;
    return segment;
  }
  await file.close();
  logger.warn("torn segment removed", { code: "DISK_CORRUPT", file: path, offset: 0, bytes: size });
  await disk.unlink(path);
  await disk.syncDir(directory);
  return undefined;
}

/** For a segment that has a successor: it was durable to its end before that was made. */
async function refuseDamage({ file, path, base, end }: Segment): Promise<void> {
  if ((await file.sizeBytes()) > end - base) throw damage(path, end - base, "a log record is damaged");
}

async function cutTornTail({ logger }: RaftLogOptions, { file, path, base, end }: Segment): Promise<void> {
  const size = await file.sizeBytes();
  const offset = end - base;
  if (size === offset) return;
  if (await hasLaterMark(file, offset, size, base))
    throw damage(path, offset, "a log record is damaged that was durable, so this is no torn tail");
  logger.warn("torn tail of the log cut", { code: "DISK_CORRUPT", file: path, offset, bytes: size - offset });
}

/** Gives each group the later of what the log and the two-slot file say; returns the groups where they differ. */
function mergeHardStates(groups: Map<GroupNumber, GroupLog>, inFile: HardStates): GroupNumber[] {
  const differing: GroupNumber[] = [];
  for (const group of inFile.keys()) if (!groups.has(group)) groups.set(group, new GroupLog(group, NO_CUT));
  for (const log of groups.values()) {
    const inLog = log.hardState;
    const other = inFile.get(log.group) ?? NO_HARD_STATE;
    log.hardState = laterHardState(inLog, other);
    if (inLog.term !== other.term || inLog.vote !== other.vote) differing.push(log.group);
  }
  return differing;
}
