import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** One sample of a gauge that is read when it is asked for. */
export interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** Buckets in seconds: from a statement of the database to the longest request. */
export const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** Creates metrics in one registry. */
export class Instruments {
  readonly registry = new Registry();

  /** @param known values of the only label that have a sample of 0 from the start: a rate needs two samples */
  protected counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    known: readonly string[] = [],
  ): Counter<Label> {
    const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    for (const value of known) counter.labels(value).inc(0);
    return counter;
  }

  protected gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    known: readonly string[] = [],
  ): Gauge<Label> {
    const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    for (const value of known) gauge.labels(value).set(0);
    return gauge;
  }

  protected histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: readonly number[] = SECONDS,
  ): Histogram<Label> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    });
  }

  /** A gauge that is read when it is asked for, so that requests do not pay for it. */
  protected readGauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => readonly Sample<Label>[],
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  }
}
