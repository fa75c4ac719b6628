import { assert, type Disk, type DiskFile } from "@ringtide/common";

const NAME = /^segment-(\d{10})\.log$/;

export function segmentName(sequence: number): string {
  return `segment-${String(sequence).padStart(10, "0")}.log`;
}

/** The number of a segment file, undefined when the name is none. */
export function segmentSequence(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/**
 * One file of the log. Positions count the bytes of the whole log since its beginning: the segment's first byte is at
 * `base`, which is where the segment before it ended.
 */
export class Segment {
  readonly sequence: number;
  readonly path: string;
  readonly base: number;
  /** Where its last batch ends, durable or not. */
  end: number;
  #file: DiskFile | undefined;
  #uses = 0;
  #dropped = false;

  constructor(directory: string, sequence: number, base: number) {
    this.sequence = sequence;
    this.path = `${directory}/${segmentName(sequence)}`;
    this.base = base;
    this.end = base;
  }

  /** Makes the file. */
  async create(disk: Disk): Promise<void> {
    this.#file = await disk.open(this.path, "create");
  }

  /** Takes the file that recovery opened. */
  adopt(file: DiskFile): void {
    this.#file = file;
  }

  get file(): DiskFile {
    assert(this.#file !== undefined, `${this.path} is not open`);
    return this.#file;
  }

  /** Keeps the file open until `release`, even when the segment is dropped meanwhile. */
  retain(): void {
    this.#uses++;
  }

  async release(): Promise<void> {
    this.#uses--;
    if (this.#dropped && this.#uses === 0) await this.#close();
  }

  /** Closes the file as soon as nobody uses it. */
  async drop(): Promise<void> {
    this.#dropped = true;
    if (this.#uses === 0) await this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** The segments that exist or are about to, in order; never empty once the log is open. */
export class SegmentList {
  readonly #segments: Segment[];

  constructor(segments: readonly Segment[]) {
    this.#segments = [...segments];
  }

  get first(): Segment {
    return this.#segments[0] as Segment;
  }
  get last(): Segment {
    return this.#segments.at(-1) as Segment;
  }
  [Symbol.iterator](): IterableIterator<Segment> {
    return this.#segments.values();
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
  }

  /** The segment that holds the byte at `position`. */
  holding(position: number): Segment {
    const found = this.#segments.findLast((segment) => segment.base <= position);
    assert(found !== undefined, `position ${position} before the log's first, ${this.first.base}`);
    return found;
  }

  /** Takes out the segments before `segment`. */
  takeBefore(segment: Segment): Segment[] {
    return this.#segments.splice(0, this.#segments.indexOf(segment));
  }
}
