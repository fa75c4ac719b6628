import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry } from "prom-client";
import { assert } from "../errors.ts";
import type { Counter, Gauge, Histogram, MetricOptions, Metrics } from "../ports/index.ts";

type Labels = Readonly<Record<string, string>>;

/** A registry of its own: two nodes in one process do not share metrics. */
export function createMetrics(): Metrics {
  return new PromMetrics();
}

class PromMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #known = new Map<string, { readonly kind: string; readonly metric: unknown }>();

  counter(options: MetricOptions): Counter {
    return this.#once("counter", options, () => {
      const metric = new PromCounter(this.#configuration(options));
      return {
        add(amount: number, labels: Labels = {}) {
          assert(amount >= 0, `counter ${options.name} only grows, not by ${amount}`);
          metric.inc(labels, amount);
        },
      };
    });
  }

  gauge(options: MetricOptions): Gauge {
    return this.#once("gauge", options, () => {
      const metric = new PromGauge(this.#configuration(options));
      return { set: (value: number, labels: Labels = {}) => metric.set(labels, value) };
    });
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    return this.#once("histogram", options, () => {
      const metric = new PromHistogram({ ...this.#configuration(options), buckets: [...options.buckets] });
      return { observe: (value: number, labels: Labels = {}) => metric.observe(labels, value) };
    });
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #configuration({ name, help, labels = [] }: MetricOptions) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }

  #once<M>(kind: string, { name }: MetricOptions, make: () => M): M {
    const known = this.#known.get(name);
    assert(known === undefined || known.kind === kind, `metric ${name} is a ${known?.kind}, not a ${kind}`);
    if (known !== undefined) return known.metric as M;
    const metric = make();
    this.#known.set(name, { kind, metric });
    return metric;
  }
}
