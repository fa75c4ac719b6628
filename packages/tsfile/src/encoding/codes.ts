/** How the values of a column are encoded: one byte in the block's directory. Codes are never reused. */
export const Encoding = {
  /** Values as they are: little-endian numbers, packed bits for BOOLEAN, lengths and bytes for TEXT. */
  PLAIN: 0,
  /** All values equal: one of them. Not for TEXT, where DICTIONARY does it. */
  CONSTANT: 1,
  /** Whole numbers: deltas, frame of reference, packed bits, patches. */
  PACKED: 2,
  /** FLOAT and DOUBLE that are decimal numbers with few digits. */
  DECIMAL: 3,
  /** TEXT that repeats. */
  DICTIONARY: 4,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** How the times are encoded: one byte in the block's header. */
export const TimeEncoding = {
  /** Offsets as float64. */
  PLAIN: 0,
  /** Equal steps from the first to the last time: nothing beyond the header. */
  REGULAR: 1,
  /** As whole numbers. */
  PACKED: 2,
} as const;

/** Which rows of a column have a value: one byte in the block's directory. */
export const Presence = { ALL: 0, BITS: 1, NONE: 2 } as const;
