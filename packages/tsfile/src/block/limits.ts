/** Rows of a block. Positions within a block fit 16 bits. */
export const MAX_BLOCK_ROWS = 65_536;
/** Columns of a block. */
export const MAX_BLOCK_COLUMNS = 4_096;
/** Memory that a block takes when all of it is decoded: bounds what a few malicious bytes can expand to. */
export const MAX_BLOCK_DECODED_BYTES = 64 * 1024 * 1024;
