import { assert, type Counter, type Gauge, type Histogram, type MetricOptions, type Metrics } from "@ringtide/common";

type Labels = Readonly<Record<string, string>>;
type Kind = "counter" | "gauge";

/** A metric by its labels, as text: `{door="client"}`, or nothing. */
function labelText(labels: Labels): string {
  const texts: string[] = [];
  for (const name in labels) texts.push(`${name}=${JSON.stringify(labels[name])}`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}

/** A counter or gauge: a number for each combination of labels. */
class Numbers {
  readonly kind: Kind;
  readonly options: MetricOptions;
  readonly #values = new Map<string, number>();

  constructor(kind: Kind, options: MetricOptions) {
    this.kind = kind;
    this.options = options;
  }

  add(amount: number, labels: Labels): void {
    this.set(this.value(labels) + amount, labels);
  }

  set(value: number, labels: Labels): void {
    this.#values.set(labelText(labels), value);
  }

  value(labels: Labels): number {
    return this.#values.get(labelText(labels)) ?? 0;
  }

  samples(): string[] {
    return Array.from(this.#values, ([labels, value]) => `${this.options.name}${labels} ${value}`);
  }
}

interface Observed {
  /** Observations by bucket; the last has what is above all bounds. */
  readonly counts: number[];
  sum: number;
}

class Buckets {
  readonly kind = "histogram";
  readonly options: MetricOptions;
  readonly #bounds: readonly number[];
  readonly #observed = new Map<string, Observed>();

  constructor(options: MetricOptions, bounds: readonly number[]) {
    this.options = options;
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels): void {
    const key = labelText(labels);
    let observed = this.#observed.get(key);
    if (observed === undefined) {
      observed = { counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#observed.set(key, observed);
    }
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.#bounds.length : found;
    observed.counts[bucket] = (observed.counts[bucket] as number) + 1;
    observed.sum += value;
  }

  samples(): string[] {
    const { name } = this.options;
    const out: string[] = [];
    for (const [labels, { counts, sum }] of this.#observed) {
      let count = 0;
      for (const [i, inBucket] of counts.entries()) {
        count += inBucket;
        const le = `le="${this.#bounds[i] ?? "+Inf"}"`;
        out.push(`${name}_bucket${labels === "" ? `{${le}}` : labels.replace("}", `,${le}}`)} ${count}`);
      }
      out.push(`${name}_sum${labels} ${sum}`, `${name}_count${labels} ${count}`);
    }
    return out;
  }
}

/** Metrics of one simulated process, which a test may ask for. */
export class SimMetrics implements Metrics {
  readonly #metrics = new Map<string, Numbers | Buckets>();

  counter(options: MetricOptions): Counter {
    const metric = this.#numbers("counter", options);
    return {
      add(amount, labels = {}) {
        assert(amount >= 0, `counter ${options.name} only grows, not by ${amount}`);
        metric.add(amount, labels);
      },
    };
  }

  gauge(options: MetricOptions): Gauge {
    const metric = this.#numbers("gauge", options);
    return { set: (value, labels = {}) => metric.set(value, labels) };
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    const metric = this.#known(options.name) ?? new Buckets(options, options.buckets);
    assert(metric instanceof Buckets, `metric ${options.name} is a ${metric.kind}, not a histogram`);
    this.#metrics.set(options.name, metric);
    return { observe: (value, labels = {}) => metric.observe(value, labels) };
  }

  #numbers(kind: "counter" | "gauge", options: MetricOptions): Numbers {
    const metric = this.#known(options.name) ?? new Numbers(kind, options);
    assert(
      metric instanceof Numbers && metric.kind === kind,
      `metric ${options.name} is a ${metric.kind}, not a ${kind}`,
    );
    this.#metrics.set(options.name, metric);
    return metric;
  }

  #known(name: string): Numbers | Buckets | undefined {
    return this.#metrics.get(name);
  }

  /** A counter's or gauge's value; 0 when it was never touched. */
  value(name: string, labels: Labels = {}): number {
    const metric = this.#known(name);
    return metric instanceof Numbers ? metric.value(labels) : 0;
  }

  async render(): Promise<string> {
    const lines = [...this.#metrics.values()].flatMap((metric) => {
      const { name, help } = metric.options;
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${metric.kind}`, ...metric.samples()];
    });
    return `${lines.join("\n")}\n`;
  }
}
