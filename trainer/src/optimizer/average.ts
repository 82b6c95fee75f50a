/**
 * The exponential moving average of the parameters over the steps (Polyak and Juditsky, 1992, with a window):
 *
 *     average = average + (1 - d_t) (parameters - average),    d_t = min(decay, (1 + t) / (10 + t)),
 *
 * t the number of updates, this one included: early on, the window is short, so that the first parameters do not stay in it
 * (as in TensorFlow's ExponentialMovingAverage with `num_updates`).
 */

/** 1 - d_t. @param step how many updates were applied before this one */
export function averageShare(decay: number, step: number): number {
  const updates = step + 1;
  return 1 - Math.min(decay, (1 + updates) / (10 + updates));
}

/** In float64 an element, stored as float32. */
export function moveAverage(average: Float32Array, parameters: Float32Array, share: number): void {
  for (let index = 0; index < average.length; index++) {
    const before = average[index]!;
    average[index] = before + share * (parameters[index]! - before);
  }
}
