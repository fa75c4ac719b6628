import { describe, expect, it } from "vitest";
import type { Metrics } from "../ports/index.ts";
import { type Disposable, fixture } from "./support.ts";

export interface MetricsFixture extends Disposable {
  readonly metrics: Metrics;
}

/** Registers the tests that every Metrics has to pass. */
export function metricsConformance(name: string, make: () => Promise<MetricsFixture>): void {
  describe(`Metrics: ${name}`, () => {
    const given = fixture(make);
    const samples = async () => (await given().metrics.render()).split("\n").filter((line) => !line.startsWith("#"));

    it("counts up, by label", async () => {
      const counter = given().metrics.counter({ name: "t_points_total", help: "Points.", labels: ["door"] });
      counter.add(2, { door: "client" });
      counter.add(3, { door: "client" });
      counter.add(1, { door: "http" });
      expect(await samples()).toEqual(
        expect.arrayContaining(['t_points_total{door="client"} 5', 't_points_total{door="http"} 1']),
      );
      expect(() => counter.add(-1, { door: "http" })).toThrow();
    });

    it("shows the last value of a gauge", async () => {
      const gauge = given().metrics.gauge({ name: "t_queue_bytes", help: "Bytes queued." });
      gauge.set(10);
      gauge.set(4);
      expect(await samples()).toContain("t_queue_bytes 4");
    });

    it("sorts observations into buckets", async () => {
      const histogram = given().metrics.histogram({ name: "t_sync_seconds", help: "Syncs.", buckets: [0.1, 1] });
      for (const seconds of [0.05, 0.5, 0.5, 5]) histogram.observe(seconds);
      expect(await samples()).toEqual(
        expect.arrayContaining([
          't_sync_seconds_bucket{le="0.1"} 1',
          't_sync_seconds_bucket{le="1"} 3',
          't_sync_seconds_bucket{le="+Inf"} 4',
          "t_sync_seconds_count 4",
        ]),
      );
    });

    it("gives the same metric when asked twice, and refuses another kind of that name", async () => {
      const { metrics } = given();
      metrics.counter({ name: "t_total", help: "Things." }).add(1);
      metrics.counter({ name: "t_total", help: "Things." }).add(1);
      expect(await samples()).toContain("t_total 2");
      expect(() => metrics.gauge({ name: "t_total", help: "Things." })).toThrow();
    });
  });
}
