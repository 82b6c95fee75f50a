/** Reports results that are not finite by the name of the first one. */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { ParameterLayout } from '../network/parameters.ts';

const REMEDY = publicText`Lower the learning rate, or check the parameters that the run started from.`;

/** @param norm [1] the squared norm of the gradient @throws WsiError `Diverged` */
export function requireFinite(layout: ParameterLayout, gradient: Float32Array, norm: Float32Array): void {
  if (Number.isFinite(norm[0])) return;
  const index = gradient.findIndex((value) => !Number.isFinite(value));
  const tensor = layout.tensors.find(({ offset, length }) => index >= offset && index < offset + length);
  const what = tensor === undefined ? 'too large for float32' : `${gradient[index]} in ${tensor.name}`;
  throw new WsiError('Diverged', ownText(`The gradient is not finite: ${what}.`), { remedy: REMEDY });
}

/** @throws WsiError `Diverged` */
export function requireFiniteEmbeddings(
  embeddings: Float32Array,
  scores: Float32Array | undefined,
  d: number,
): void {
  const isBad = (value: number): boolean => !Number.isFinite(value);
  const element = embeddings.findIndex(isBad);
  const tile = element >= 0 ? Math.floor(element / d) : (scores?.findIndex(isBad) ?? -1);
  if (tile < 0) return;
  const what = element >= 0 ? `The embedding of tile ${tile}` : `The attention score of tile ${tile}`;
  throw new WsiError('Diverged', ownText(`${what} of the shard is not finite.`), { remedy: REMEDY });
}
