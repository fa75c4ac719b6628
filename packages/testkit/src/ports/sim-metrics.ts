import { assert, type Counter, type Gauge, type Histogram, type MetricOptions, type Metrics } from "@ringtide/common";

type Labels = Readonly<Record<string, string>>;
type Kind = "counter" | "gauge" | "histogram";

/** One metric: a number for each combination of labels. */
class Metric {
  readonly kind: Kind;
  readonly options: MetricOptions;
  readonly buckets: readonly number[];
  readonly #samples = new Map<string, number>();

  constructor(kind: Kind, options: MetricOptions, buckets: readonly number[] = []) {
    this.kind = kind;
    this.options = options;
    this.buckets = buckets;
  }

  add(amount: number, labels: Labels, suffix = ""): void {
    const name = this.#sample(labels, suffix);
    this.#samples.set(name, (this.#samples.get(name) ?? 0) + amount);
  }

  set(value: number, labels: Labels): void {
    this.#samples.set(this.#sample(labels, ""), value);
  }

  observe(value: number, labels: Labels): void {
    for (const bucket of this.buckets) this.add(value <= bucket ? 1 : 0, { ...labels, le: String(bucket) }, "_bucket");
    this.add(1, { ...labels, le: "+Inf" }, "_bucket");
    this.add(value, labels, "_sum");
    this.add(1, labels, "_count");
  }

  #sample(labels: Labels, suffix: string): string {
    const texts: string[] = [];
    for (const name in labels) texts.push(`${name}=${JSON.stringify(labels[name])}`);
    return texts.length === 0 ? suffix : `${suffix}{${texts.join(",")}}`;
  }

  value(labels: Labels): number {
    return this.#samples.get(this.#sample(labels, "")) ?? 0;
  }

  render(): string[] {
    const { name, help } = this.options;
    const samples = Array.from(this.#samples, ([sample, value]) => `${name}${sample} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${this.kind}`, ...samples];
  }
}

/** Metrics of one simulated process, which a test may ask for. */
export class SimMetrics implements Metrics {
  readonly #metrics = new Map<string, Metric>();

  counter(options: MetricOptions): Counter {
    const metric = this.#once("counter", options);
    return {
      add(amount, labels = {}) {
        assert(amount >= 0, `counter ${options.name} only grows, not by ${amount}`);
        metric.add(amount, labels);
      },
    };
  }

  gauge(options: MetricOptions): Gauge {
    const metric = this.#once("gauge", options);
    return { set: (value, labels = {}) => metric.set(value, labels) };
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    const metric = this.#once("histogram", options, options.buckets);
    return { observe: (value, labels = {}) => metric.observe(value, labels) };
  }

  #once(kind: Kind, options: MetricOptions, buckets?: readonly number[]): Metric {
    const known = this.#metrics.get(options.name);
    assert(
      known === undefined || known.kind === kind,
      `metric ${options.name} is a ${known?.kind ?? "metric"}, not a ${kind}`,
    );
    if (known !== undefined) return known;
    const metric = new Metric(kind, options, buckets);
    this.#metrics.set(options.name, metric);
    return metric;
  }

  /** A counter's or gauge's value; 0 when it was never touched. */
  value(name: string, labels: Labels = {}): number {
    return this.#metrics.get(name)?.value(labels) ?? 0;
  }

  async render(): Promise<string> {
    return `${[...this.#metrics.values()].flatMap((metric) => metric.render()).join("\n")}\n`;
  }
}
