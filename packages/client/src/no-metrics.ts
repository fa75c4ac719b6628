import type { Metrics } from "@ringtide/common";

const ignore = (): void => undefined;

/** A client keeps no statistics of its connections. */
export const noMetrics: Metrics = {
  counter: () => ({ add: ignore }),
  gauge: () => ({ set: ignore }),
  histogram: () => ({ observe: ignore }),
  render: () => Promise.resolve(""),
};
