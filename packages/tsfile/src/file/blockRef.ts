import type { BlockHeader } from "../block/header.ts";
import { type BlockFacts, HeaderFacts } from "../block/headerFacts.ts";

/** A block in a file, as the file's index knows it: nothing of it has been read from the disk yet. */
export interface BlockRef extends BlockFacts {
  readonly deviceId: number;
  /** Series of the columns, by id. */
  readonly seriesIds: Uint32Array;
}

export class FileBlock extends HeaderFacts implements BlockRef {
  readonly deviceId: number;
  readonly seriesIds: Uint32Array;
  /** Header and directory, as in the block. */
  readonly headerBytes: Uint8Array;
  /** Where its body begins in the file. */
  readonly bodyOffset: number;

  constructor(
    deviceId: number,
    seriesIds: Uint32Array,
    header: BlockHeader,
    headerBytes: Uint8Array,
    bodyOffset: number,
  ) {
    super(header);
    this.deviceId = deviceId;
    this.seriesIds = seriesIds;
    this.headerBytes = headerBytes;
    this.bodyOffset = bodyOffset;
  }
}
