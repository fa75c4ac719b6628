/** Positions of the log in [from, to). */
export interface PositionRange {
  readonly from: number;
  readonly to: number;
}

export function holdsPosition(ranges: readonly PositionRange[], position: number): boolean {
  return ranges.some(({ from, to }) => position >= from && position < to);
}

/** True when one of the ranges holds all of [from, to). */
export function coversRange(ranges: readonly PositionRange[], from: number, to: number): boolean {
  return ranges.some((range) => from >= range.from && to <= range.to);
}

/** The ranges and one more, in order, those that touch joined. */
export function withRange(ranges: readonly PositionRange[], added: PositionRange): readonly PositionRange[] {
  const apart = ranges.filter(({ from, to }) => to < added.from || from > added.to);
  const joined = ranges.filter((range) => !apart.includes(range));
  const from = Math.min(added.from, ...joined.map((range) => range.from));
  const to = Math.max(added.to, ...joined.map((range) => range.to));
  return [...apart, { from, to }].sort((a, b) => a.from - b.from);
}

/** What of the ranges lies in [from, to), whole where it begins before `from`. */
export function rangesWithin(ranges: readonly PositionRange[], from: number, to: number): readonly PositionRange[] {
  return ranges
    .filter((range) => range.to > from && range.from < to)
    .map((range) => (range.to <= to ? range : { from: range.from, to }));
}
