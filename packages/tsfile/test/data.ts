/** Numbers in [0, 1) from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A random walk of Gaussian steps (σ = 1), rounded to so many decimals. */
export function gaussianWalk(seed: number, rows: number, decimals: number): number[] {
  const random = randomFrom(seed);
  const power = 10 ** decimals;
  let at = 0;
  return Array.from({ length: rows }, () => {
    at += Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.round(at * power) / power;
  });
}
