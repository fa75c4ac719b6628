/**
 * When a node comes by a failpoint, and so how a test gets it there:
 * - `formation`: on the first start, in an empty directory;
 * - `start`: on any later start, from disk;
 * - `load`: while clients write and flush;
 * - `election`: while a group elects a leader;
 * - `balance`: when leadership goes back to the header node;
 * - `torn`: on a start after a crash in the middle of a write to the log;
 * - `snapshot`: when a replica is so far behind that it gets a snapshot, at its sender or its receiver.
 */
export type Occasion = "formation" | "start" | "load" | "election" | "balance" | "torn" | "snapshot";

export interface Failpoint {
  /** Part of the node, call, and moment: `log.segment.sync.before`. */
  readonly name: string;
  readonly occasions: readonly Occasion[];
  /** What a crash there leaves behind. */
  readonly meaning: string;
}

type Row = readonly [name: string, occasions: string, meaning: string];

/** Moments: before, partial (half of the bytes), written (a whole file under its temporary name), after. */
const ROWS: readonly Row[] = [
  ["data.dir.make.before", "formation start", "the data directory may not exist"],
  ["data.dir.make.after", "formation", "an empty data directory, without a key-value store"],
  ["identity.replace.before", "formation", "a node without UUID, or without the record that it was just given"],
  ["identity.replace.partial", "formation", "half an identity under a temporary name"],
  ["identity.replace.written", "formation", "a whole identity under a temporary name"],
  ["identity.replace.after", "formation", "an identity, and nothing that follows from it"],
  ["kv.identity.write.before", "formation", "a log, and a key-value store that does not say whose it is"],
  ["kv.identity.write.after", "formation", "log and store, but an identity that does not say that they were made"],
  ["data.dir.sync.before", "formation", "a log directory whose name was not synced"],
  ["data.dir.sync.after", "formation", "an empty log directory"],
  ["log.dir.make.before", "formation", "an identity with its record, and no log directory"],
  ["log.dir.make.after", "formation", "a log directory with nothing in it"],
  ["log.hardstate.replace.before", "formation", "a log directory without hard state"],
  ["log.hardstate.replace.partial", "formation", "half a hard state file under a temporary name"],
  ["log.hardstate.replace.written", "formation", "a whole hard state file under a temporary name"],
  ["log.hardstate.replace.after", "formation", "hard state, and no cuts file"],
  ["group.dir.make.before", "formation start", "some groups have no directory"],
  ["group.dir.make.after", "formation start", "a group's directory, and nothing of the group in the log"],

  ["log.cuts.replace.before", "formation load snapshot", "entries that are cut in memory only"],
  ["log.cuts.replace.partial", "formation load snapshot", "half a cuts file under a temporary name"],
  ["log.cuts.replace.written", "formation load snapshot", "a whole cuts file under a temporary name"],
  ["log.cuts.replace.after", "formation load snapshot", "segments that the cuts file calls unneeded"],
  ["log.segment.unlink.before", "load", "all segments that were to go"],
  ["log.segment.unlink.after", "load", "some of the segments that were to go"],
  ["log.segment.create.before", "formation load", "a full segment without a successor"],
  ["log.segment.create.after", "formation load", "an empty segment, its name not synced"],
  ["log.segment.write.before", "start load", "a batch that was promised to nobody"],
  ["log.segment.write.partial", "formation start load", "a torn batch at the end of the log"],
  ["log.segment.write.after", "start load", "a whole batch that was not synced"],
  [
    "log.segment.sync.before",
    "formation start load",
    "a whole batch that was not synced, hard state beside it on its way",
  ],
  ["log.segment.sync.after", "start load", "a durable batch that nobody knows to be"],
  ["log.segment.truncate.before", "torn", "a torn batch that was found, and not cut off"],
  ["log.segment.truncate.after", "torn", "a log whose torn batch was cut off, not synced"],
  ["log.dir.sync.before", "formation start load", "a new name in the log directory that was not synced"],
  ["log.dir.sync.after", "formation start load", "a durable new name that nobody counts on"],
  ["log.hardstate.write.before", "formation election", "a vote or term that is in the log only, or nowhere"],
  ["log.hardstate.write.partial", "formation election", "one torn slot of the hard state"],
  ["log.hardstate.write.after", "election", "a slot of the hard state that was not synced"],
  [
    "log.hardstate.sync.before",
    "election",
    "a slot of the hard state that was not synced, the log beside it on its way",
  ],
  ["log.hardstate.sync.after", "formation election", "a durable vote that was not sent"],

  ["file.unlink.before", "load", "what an earlier attempt left of a data file"],
  ["file.unlink.after", "load", "a closed memtable without a file, and nothing of an earlier attempt"],
  ["file.create.before", "load", "a closed memtable without a file"],
  ["file.create.after", "load", "an empty data file under a temporary name"],
  ["file.write.before", "load", "a data file that lacks its end, under a temporary name"],
  ["file.write.partial", "load", "half a piece of a data file, under a temporary name"],
  ["file.write.after", "load", "a data file that was not synced, under a temporary name"],
  ["file.sync.before", "load", "a whole data file that was not synced, under a temporary name"],
  ["file.sync.after", "load", "a durable data file under a temporary name"],
  ["file.rename.before", "load", "a durable data file under a temporary name"],
  ["file.rename.after", "load", "a data file whose name was not synced, and not in the manifest"],
  ["group.dir.sync.before", "load snapshot", "a data file whose name was not synced, and not in the manifest"],
  ["group.dir.sync.after", "load snapshot", "a durable data file that is not in the manifest"],
  ["kv.checkpoint.write.before", "load", "a durable data file that is not in the manifest"],
  ["kv.checkpoint.write.after", "load", "a checkpoint behind which the log was not cut"],
  ["kv.meta.write.before", "load snapshot", "a meta state that is in the log only"],
  ["kv.meta.write.after", "load snapshot", "a meta checkpoint behind which the log was not cut"],

  ["send.append.before", "load", "a leader's entries that no follower has"],
  ["send.append.after", "load", "entries on their way from a leader that is gone, perhaps not on its own disk"],
  ["send.appendResponse.before", "load", "durable entries of a follower that the leader does not know of"],
  ["send.appendResponse.after", "load", "entries that count towards a quorum, of a follower that is gone"],
  ["send.heartbeat.before", "load", "a leader that falls silent"],
  ["send.heartbeat.after", "load", "a leader that is gone right after it was heard"],
  ["send.heartbeatResponse.before", "load", "a follower that is gone when its leader asks whether it lives"],
  ["send.heartbeatResponse.after", "load", "a follower that is gone right after it proved its life"],
  ["send.vote.before", "election", "a candidate with a durable vote for itself that asked nobody"],
  ["send.vote.after", "formation election", "a candidate that is gone when the votes come in"],
  ["send.voteResponse.before", "election", "a durable vote that the candidate does not get"],
  ["send.voteResponse.after", "formation election", "a vote that counts, of a node that is gone"],
  ["send.timeoutNow.before", "balance", "a leader that stopped taking writes to give its place away, and did not"],
  ["send.timeoutNow.after", "balance", "a leader that is gone while its chosen successor campaigns"],
  ["send.forward.before", "load", "a client's write that no leader has"],
  ["send.forward.after", "load", "a client's write at its leader, which has nobody to tell"],
  ["answer.forward.before", "load", "a committed write that the forwarding node does not know of"],
  ["answer.forward.after", "load", "a leader that is gone right after it answered another node"],
  ["answer.insert.before", "load", "a committed write that the client does not know of"],
  ["answer.insert.after", "load", "a write that the client knows to be safe, on a node that is gone"],

  ["snapshots.dir.remove.before", "start", "the snapshots of the process before"],
  ["snapshots.dir.remove.after", "start", "no directory of snapshots"],
  ["snapshots.dir.make.before", "start", "no directory of snapshots"],
  ["snapshots.dir.make.after", "start", "an empty directory of snapshots"],
  ["repair.dir.remove.before", "start", "copies of data files that a repair had fetched"],
  ["repair.dir.remove.after", "start", "no directory of repairs"],
  ["repair.dir.make.before", "start", "no directory of repairs"],
  ["repair.dir.make.after", "start", "an empty directory of repairs"],

  ["send.snapshot.before", "snapshot", "a replica that is too far behind, and was not told that there is a snapshot"],
  ["send.snapshot.after", "snapshot", "an offered snapshot, of a leader that is gone"],
  ["snapshot.dir.remove.before", "snapshot", "a snapshot that was asked for, and not begun"],
  ["snapshot.dir.remove.after", "snapshot", "a snapshot that was asked for, and nothing of an earlier one"],
  ["snapshot.dir.make.before", "snapshot", "a snapshot without a directory"],
  ["snapshot.dir.make.after", "snapshot", "an empty directory of a snapshot"],
  ["snapshots.dir.sync.before", "snapshot", "an empty directory of a snapshot, its name not synced"],
  ["snapshots.dir.sync.after", "snapshot", "a durable empty directory of a snapshot"],
  ["snapshot.create.before", "snapshot", "a snapshot without its state file"],
  ["snapshot.create.after", "snapshot", "an empty state file, no data files"],
  ["snapshot.link.before", "snapshot", "a snapshot that lacks a data file"],
  ["snapshot.link.after", "snapshot", "a second name of a data file, its state file empty"],
  ["snapshot.write.before", "snapshot", "a snapshot with all data files, its state file empty"],
  ["snapshot.write.partial", "snapshot", "half a state file"],
  ["snapshot.write.after", "snapshot", "a whole state file that was not synced"],
  ["snapshot.sync.before", "snapshot", "a whole state file that was not synced"],
  ["snapshot.sync.after", "snapshot", "a durable state file, its name not synced"],
  ["snapshot.dir.sync.before", "snapshot", "a whole snapshot whose names were not synced"],
  ["snapshot.dir.sync.after", "snapshot", "a durable snapshot that its receiver does not know of"],
  ["snapshot.replace.before", "snapshot", "a snapshot of the meta group without its state file"],
  ["snapshot.replace.partial", "snapshot", "half a state file of the meta group under a temporary name"],
  ["snapshot.replace.written", "snapshot", "a whole state file of the meta group under a temporary name"],
  ["snapshot.replace.after", "snapshot", "a snapshot of the meta group that its receiver does not know of"],

  ["incoming.dir.make.before", "snapshot", "an offer that was taken, and nothing of it on the disk"],
  ["incoming.dir.make.after", "snapshot", "an empty directory of an incoming snapshot"],
  ["incoming.unlink.before", "snapshot", "manifest and state of an earlier snapshot, which is not sent any more"],
  ["incoming.unlink.after", "snapshot", "data files of an earlier snapshot without its manifest, or its state"],
  ["incoming.replace.before", "snapshot", "an incoming snapshot without its manifest"],
  ["incoming.replace.partial", "snapshot", "half a manifest under a temporary name"],
  ["incoming.replace.written", "snapshot", "a whole manifest under a temporary name"],
  ["incoming.replace.after", "snapshot", "a manifest without files"],
  ["incoming.create.before", "snapshot", "an incoming snapshot that lacks a file"],
  ["incoming.create.after", "snapshot", "an incoming file without bytes"],
  ["incoming.write.before", "snapshot", "an incoming file that lacks its end"],
  ["incoming.write.partial", "snapshot", "an incoming file that ends within a piece"],
  ["incoming.write.after", "snapshot", "an incoming file that was not synced"],
  ["incoming.sync.before", "snapshot", "a whole incoming file that was not synced"],
  ["incoming.sync.after", "snapshot", "a durable incoming file"],
  ["incoming.dir.sync.before", "snapshot", "all incoming files, their names not synced"],
  ["incoming.dir.sync.after", "snapshot", "a whole incoming snapshot, and the replica as it was"],
  ["install.unlink.before", "snapshot", "a checked snapshot, the group's directory as it was"],
  ["install.unlink.after", "snapshot", "a checked snapshot, the group's directory as it was"],
  ["install.link.before", "snapshot", "a checked snapshot whose file is not in the group's directory"],
  ["install.link.after", "snapshot", "an incoming file beside those of the old manifest"],
  ["kv.install.write.before", "snapshot", "all incoming files in the group's directory, and the old manifest"],
  ["kv.install.write.after", "snapshot", "the new manifest, its files under their incoming names"],
  ["install.rename.before", "snapshot", "the new manifest, some of its files under their incoming names"],
  ["install.rename.after", "snapshot", "the new manifest, a file with its name, which was not synced"],
  ["incoming.dir.remove.before", "snapshot", "a replica that is its snapshot, and the incoming files still"],
  ["incoming.dir.remove.after", "snapshot", "a replica that is its snapshot, and has nothing of the log behind it"],
];

/** Every place where a test can end a node. */
export const CATALOGUE: readonly Failpoint[] = ROWS.map(([name, occasions, meaning]) => ({
  name,
  occasions: occasions.split(" ") as Occasion[],
  meaning,
}));

export function findFailpoint(name: string): Failpoint | undefined {
  return CATALOGUE.find((failpoint) => failpoint.name === name);
}
