/** From data to pixels. */

export type Domain = readonly [number, number];

export interface Scale {
  readonly domain: Domain;
  readonly ticks: readonly number[];
  /** The pixel of a value. */
  at(value: number): number;
}

export interface ScaleOptions {
  /** About how many ticks. */
  readonly ticks?: number;
  /** Only whole numbers get a tick (steps, epochs). */
  readonly whole?: boolean;
  /** Widens the domain to ticks on both sides. */
  readonly nice?: boolean;
}

export function linearScale(domain: Domain, pixels: Domain, options: ScaleOptions = {}): Scale {
  const { ticks: wanted = 5, whole = false, nice = true } = options;
  const [low, high] = spread(domain);
  const step = tickStep((high - low) / wanted, whole);
  const from = nice ? Math.floor(low / step + 1e-9) * step : low;
  const to = nice ? Math.ceil(high / step - 1e-9) * step : high;
  const ticks: number[] = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  const factor = (pixels[1] - pixels[0]) / (to - from);
  return { domain: [from, to], ticks, at: (value) => pixels[0] + (value - from) * factor };
}

/** The smallest and largest finite value; [0, 1] of none. */
export function extent(values: Iterable<number>): Domain {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A domain of no width gets one. */
function spread([low, high]: Domain): Domain {
  if (high > low) return [low, high];
  return low === 0 ? [0, 1] : [Math.min(low, 0), Math.max(low, 0)];
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
function tickStep(rough: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough * (1 - 1e-9))!;
  return whole ? Math.max(1, Math.round(step)) : step;
}
