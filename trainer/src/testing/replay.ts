/**
 * Random tests that can be replayed: fast-check prints the seed of a failure, and `WSI_SEED=<seed> npm test -- FILE` runs
 * the same cases again.
 */
export function replay(parameters: { numRuns?: number } = {}): { numRuns?: number; seed?: number } {
  const seed = process.env['WSI_SEED'];
  return seed === undefined || seed === '' ? parameters : { ...parameters, seed: Number(seed) };
}
