export interface Counter {
  add(amount: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

export interface MetricOptions {
  /** Prometheus name with its unit as the last word: `ringtide_log_sync_seconds`. */
  readonly name: string;
  readonly help: string;
  /** Label names; few values each, never a series or device. */
  readonly labels?: readonly string[];
}

/** Asking twice for one name gives the same metric. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram;
  /** Everything in the Prometheus text format. */
  render(): Promise<string>;
}
