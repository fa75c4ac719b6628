/** Something that has a place in time: first and last offset, inclusive. */
interface Spanning {
  readonly first: number;
  readonly last: number;
}

/** Groups of items that overlap, directly or through others, in order of time. */
export function clustersOf<T extends Spanning>(items: readonly T[]): T[][] {
  const clusters: T[][] = [];
  let cluster: T[] = [];
  let end = -1;
  for (const item of items.toSorted((a, b) => a.first - b.first)) {
    if (item.first > end && cluster.length > 0) {
      clusters.push(cluster);
      cluster = [];
    }
    cluster.push(item);
    end = Math.max(end, item.last);
  }
  if (cluster.length > 0) clusters.push(cluster);
  return clusters;
}
