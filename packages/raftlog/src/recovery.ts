import { type GroupNumber, groupName, makeDirectory, type RingtideError } from "@ringtide/common";
import { CutFile } from "./cut-file.ts";
import type { Cuts } from "./cut-format.ts";
import { damage } from "./damage.ts";
import { type GroupLog, laterHardState, NO_HARD_STATE } from "./group-log.ts";
import type { HardStateFile, HardStates } from "./hard-state-file.ts";
import type { RaftLogOptions } from "./options.ts";
import { Replay } from "./replay.ts";
import { Segment, SegmentList, segmentName, segmentSequence } from "./segment.ts";
import { openSegmentFiles } from "./segment-files.ts";
import { SegmentWalk, type Walked } from "./segment-walk.ts";
import { missingFile, openSideFiles, type SideFiles } from "./side-files.ts";
import { secureTail } from "./tail.ts";

export interface Recovered {
  readonly identity: string;
  readonly segments: SegmentList;
  readonly groups: Map<GroupNumber, GroupLog>;
  readonly cutFile: CutFile;
  readonly hardStateFile: HardStateFile;
  /** Groups whose hard state has to be written again, because one of its places has lost it or may have. */
  readonly groupsToRestate: readonly GroupNumber[];
  /** Damage may have taken records of hard state: once they are written again, all of it stands behind this position. */
  readonly restatedFrom: number | undefined;
  /** `cuts` names the last segment and every group. */
  readonly isRegistered: boolean;
}

/** Reads the directory, or makes a new log in it. Errors: see RaftLog.open. */
export async function recover(options: RaftLogOptions): Promise<Recovered> {
  const { disk, directory, mustExist = false } = options;
  if (mustExist && (await disk.stat(`${directory}/cuts`)) === undefined) throw missingFile(`${directory}/cuts`);
  await makeDirectory(disk, directory);
  const sequences = (await disk.list(directory)).map(segmentSequence).filter((sequence) => sequence !== undefined);
  const side = await openSideFiles(options, sequences.length > 0);
  try {
    const kept = await unlinkUnneeded(options, side.cuts, sequences);
    checkAnyLeft(directory, side, kept);
    return await recoverSegments(options, side, kept);
  } catch (error) {
    await side.hardStateFile.close();
    throw error;
  }
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
  return sequences.filter((sequence) => sequence >= firstSegment).sort((a, b) => a - b);
}

/** Some segments may be lost like parts of one, but a log without any is no log. */
function checkAnyLeft(directory: string, { cuts, hardStates }: SideFiles, kept: readonly number[]): void {
  const { firstSegment, lastSegment } = cuts;
  if (kept.length === 0 && (hardStates.size > 0 || firstSegment > 1 || lastSegment > 0))
    throw missingFile(`${directory}/${segmentName(firstSegment)}`);
}

async function recoverSegments(options: RaftLogOptions, side: SideFiles, kept: readonly number[]): Promise<Recovered> {
  const { disk, directory } = options;
  const { cuts, hardStates, hardStateFile, validSlots } = side;
  const replay = new Replay(cuts, hardStates.keys());
  const walked = await replaySegments(options, side, replay, kept);
  try {
    const affected = replay.finish(walked.end);
    warnOfDamage(options, walked, affected);
    const isMissing = affected.length > 0 && walked.holes.length === 0;
    const needsRestating = isMissing || walked.holes.some(({ to }) => to > cuts.hardStatesFrom);
    if (needsRestating && validSlots < 2) throw votesLost(directory, walked);
    const tail = walked.segments.at(-1);
    if (tail !== undefined) await secureTail(disk, directory, tail, replay.durableUpTo);
    const segments = segmentsOf(directory, cuts, kept, walked);
    const cutFile = new CutFile({ disk, directory, cuts, first: segments.first, groups: replay.groups });
    cutFile.durable = walked.end;
    // Before anything else happens to the log: from here on no restart forgets that these groups lost entries.
    if (affected.length > 0) await cutFile.write();
    const differing = mergeHardStates(replay.groups, hardStates);
    const withHardState = [...replay.groups.values()].filter(({ hardState }) => hardState.term > 0);
    const groupsToRestate = needsRestating || validSlots < 2 ? withHardState.map(({ group }) => group) : differing;
    return {
      identity: cuts.identity,
      segments,
      groups: replay.groups,
      cutFile,
      hardStateFile,
      groupsToRestate,
      restatedFrom: needsRestating ? walked.end : undefined,
      isRegistered: isRegistered(cuts, segments, replay),
    };
  } catch (error) {
    for (const segment of walked.segments) await segment.drop();
    throw error;
  }
}

function isRegistered({ lastSegment, groups }: Cuts, segments: SegmentList, replay: Replay): boolean {
  return lastSegment === segments.last.sequence && [...replay.groups.keys()].every((group) => groups.has(group));
}

function votesLost(directory: string, { holes }: Walked): RingtideError {
  const { path, offset } = holes[0] ?? { path: directory, offset: 0 };
  return damage(path, offset, "the damage may have taken a vote, for one of the two slots of hardstate is damaged too");
}

async function replaySegments(
  { disk, directory, clock, logger }: RaftLogOptions,
  { cuts, hardStates }: SideFiles,
  replay: Replay,
  kept: readonly number[],
): Promise<Walked> {
  const startedMs = clock.monotonicMs();
  const found = await openSegmentFiles(disk, directory, cuts, kept);
  const isNew = hardStates.size === 0 && cuts.groups.size === 0;
  let walked: Walked;
  try {
    walked = await new SegmentWalk({ disk, directory, logger, cuts, replay, isNew }, found).run();
  } catch (error) {
    for (const { file } of found) await file.close().catch(() => undefined);
    throw error;
  }
  const ms = clock.monotonicMs() - startedMs;
  const bytes = walked.end - (walked.segments[0]?.base ?? 0);
  const megabytesPerSecond = Math.round(bytes / 1000 / Math.max(ms, 0.001));
  logger.info("log recovered", {
    segments: walked.segments.length,
    entries: replay.entries,
    bytes,
    ms,
    megabytesPerSecond,
  });
  return walked;
}

/** A file with damage is not written to again: the log goes on in a new one. */
function segmentsOf(
  directory: string,
  { firstSegment, lastSegment }: Cuts,
  kept: readonly number[],
  { segments, end, canContinueLast }: Walked,
): SegmentList {
  if (segments.length === 0) return new SegmentList([new Segment(directory, firstSegment, end)]);
  if (canContinueLast) return new SegmentList(segments);
  const highest = Math.max(lastSegment, kept.at(-1) ?? firstSegment);
  return new SegmentList([...segments, new Segment(directory, highest + 1, end)]);
}

function warnOfDamage({ logger }: RaftLogOptions, { holes, end }: Walked, affected: readonly GroupNumber[]): void {
  const groups = affected.map(groupName);
  for (const { path: file, offset, from, to } of holes)
    logger.warn("a stretch of the log is damaged or missing", {
      code: "DISK_CORRUPT",
      file,
      offset,
      bytes: Math.min(to, end) - from,
      groups,
    });
  if (holes.length === 0 && groups.length > 0)
    logger.warn("entries are missing in the log", { code: "DISK_CORRUPT", groups });
}

/** Gives each group the later of what the log and the two-slot file say; returns the groups where they differ. */
function mergeHardStates(groups: ReadonlyMap<GroupNumber, GroupLog>, inFile: HardStates): GroupNumber[] {
  const differing: GroupNumber[] = [];
  for (const log of groups.values()) {
    const inLog = log.hardState;
    const other = inFile.get(log.group) ?? NO_HARD_STATE;
    log.hardState = laterHardState(inLog, other);
    if (inLog.term !== other.term || inLog.vote !== other.vote) differing.push(log.group);
  }
  return differing;
}
