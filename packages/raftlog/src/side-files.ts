import { RingtideError } from "@ringtide/common";
import { CUTS_NAME, type Cuts, readCuts, writeCuts } from "./cut-format.ts";
import { damage } from "./damage.ts";
import { HardStateFile, type HardStates } from "./hard-state-file.ts";
import type { RaftLogOptions } from "./options.ts";

export interface SideFiles {
  readonly cuts: Cuts;
  readonly hardStateFile: HardStateFile;
  readonly hardStates: HardStates;
  /** Of two. */
  readonly validSlots: number;
}

/**
 * Opens `cuts` and `hardstate`. A new log gets its files in this order: hard state, cuts, first segment. So a file that is missing while a
 * later one is there was lost, and without it the node could break a promise.
 */
export async function openSideFiles(options: RaftLogOptions, hasSegments: boolean): Promise<SideFiles> {
  const { disk, directory, logger, identity = "" } = options;
  const found = await readCuts(disk, directory);
  if (found === undefined && hasSegments) throw missingFile(`${directory}/${CUTS_NAME}`);
  if (!(await HardStateFile.exists(disk, directory))) {
    if (found !== undefined) throw missingFile(`${directory}/hardstate`);
    await HardStateFile.create(disk, directory);
  }
  const { file, states, validSlots } = await HardStateFile.open(disk, directory);
  try {
    if (validSlots < 2) logger.warn("one slot of the hard state is damaged, the other holds", { code: "DISK_CORRUPT" });
    if (found === undefined && states.size > 0) throw missingFile(`${directory}/${CUTS_NAME}`);
    if (found !== undefined && found.identity !== "" && identity !== "" && found.identity !== identity)
      throw new RingtideError(
        "DATA_DIR_FOREIGN",
        `${directory} belongs to node '${found.identity}', not '${identity}'`,
      );
    const cuts = found ?? newCuts(identity);
    if (found === undefined) await writeCuts(disk, directory, cuts);
    return { cuts, hardStateFile: file, hardStates: states, validSlots };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function newCuts(identity: string): Cuts {
  return {
    identity,
    firstSegment: 1,
    firstBase: 0,
    lastSegment: 0,
    durable: 0,
    hardStatesFrom: 0,
    groups: new Map(),
    namesAllGroups: true,
  };
}

export function missingFile(path: string): RingtideError {
  return damage(path, 0, "the file is missing; without it the log cannot be trusted");
}
