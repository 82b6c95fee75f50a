/**
 * Stabilisation windows as in Kubernetes' HorizontalPodAutoscaler: up to the smallest size that was recommended within
 * the window for growing, down to the largest within the one for shrinking.
 */
export interface Recommendation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly workers: number;
}

export interface Windows {
  readonly stabilisationSeconds: number;
  readonly scaleDownStabilisationSeconds: number;
}

export interface Stabilised {
  readonly workers: number;
  /** When what is held back now may happen, if the recommendation stays; milliseconds since the epoch. */
  readonly notBefore?: number;
}

export function stabilise(
  current: number,
  recommended: number,
  recommendations: readonly Recommendation[],
  windows: Windows,
  now: number,
): Stabilised {
  const within = (seconds: number): readonly Recommendation[] =>
    recommendations.filter(({ at }) => now - at < seconds * 1000);
  const forUp = within(windows.stabilisationSeconds);
  const forDown = within(windows.scaleDownStabilisationSeconds);
  const up = Math.min(recommended, ...forUp.map(({ workers }) => workers));
  const down = Math.max(recommended, ...forDown.map(({ workers }) => workers));
  const workers = Math.min(Math.max(current, up), Math.max(down, up));
  if (workers === recommended) return { workers };
  const growing = recommended > current;
  const seconds = growing ? windows.stabilisationSeconds : windows.scaleDownStabilisationSeconds;
  const holding = (growing ? forUp : forDown).filter((one) =>
    growing ? one.workers < recommended : one.workers > recommended,
  );
  return { workers, notBefore: Math.max(now, ...holding.map(({ at }) => at + seconds * 1000)) };
}

/** What must be remembered: the longest window, and one before each change within it. */
export function remembered(
  recommendations: readonly Recommendation[],
  latest: Recommendation,
  windows: Windows,
): readonly Recommendation[] {
  const seconds = Math.max(windows.stabilisationSeconds, windows.scaleDownStabilisationSeconds);
  const recent = recommendations.filter(({ at }) => latest.at - at < seconds * 1000);
  // Of a run of equal recommendations the first and the last say everything: the windows look at extremes.
  const [beforeLast, last] = [recent.at(-2), recent.at(-1)];
  const equal = last?.workers === latest.workers && beforeLast?.workers === latest.workers;
  return [...(equal ? recent.slice(0, -1) : recent), latest];
}
