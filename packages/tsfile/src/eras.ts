/**
 * Ticks of one era. Signed 64-bit times do not fit a JavaScript number, differences below 2^53 do: so all work on times
 * happens within an era, on offsets from its start. An era is 142,000 years of milliseconds, 142 years of microseconds, 52 days of nanoseconds.
 */
export const ERA_SPAN = 2n ** 52n;

export const MIN_TIME = -(2n ** 63n);
export const MAX_TIME = 2n ** 63n - 1n;

/** Start of the era that `time` is in (floor division: negative times exist). */
export function eraOf(time: bigint): bigint {
  return BigInt.asIntN(64, (time >> 52n) << 52n);
}
