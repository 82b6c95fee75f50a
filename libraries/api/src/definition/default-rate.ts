/**
 * The learning rate of a job that gives none. A step of AdamW moves every weight by about the rate, all at once in the direction
 * that helps, so that an output changes by about the rate times its number of inputs: wide layers without a normalisation of
 * their activations need a smaller rate than narrow ones (Yang et al., Tensor Programs V, 2022). docs/results.md has what each learns.
 */
import type { Json, JsonObject } from '../schema/node.ts';
import { isJsonObject } from '../schema/node.ts';
import { ENCODERS } from './model-parts.ts';

/** Of what is not wide: heads and aggregators, and sgd, whose steps are as long as the gradient. */
const USUAL_RATE = 0.001;

/** As the reference of the job says it. */
export const LEARNING_RATES = `for \`adamw\` that of the encoder: ${ratesText()}; ${USUAL_RATE} for \`sgd\``;

/** @param optimizer with its name @param enclosing the job's spec, with its model, first */
export function learningRateOf(optimizer: JsonObject, [spec]: readonly JsonObject[]): Json {
  const encoder = fieldOf(fieldOf(spec, 'model'), 'encoder');
  const name = fieldOf(encoder, 'name');
  const isKnown = typeof name === 'string' && Object.hasOwn(ENCODERS, name);
  if (optimizer['name'] !== 'adamw' || !isKnown) return USUAL_RATE;
  return ENCODERS[name as keyof typeof ENCODERS].learningRate;
}

function fieldOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}

/** The rate of most encoders last, without their names. */
function ratesText(): string {
  const names = Map.groupBy(Object.entries(ENCODERS), ([, { learningRate }]) => learningRate);
  const [most, ...others] = [...names].sort(([, a], [, b]) => b.length - a.length);
  const listed = others.map(([rate, of]) => `${rate} for ${of.map(([name]) => `\`${name}\``).join(', ')}`);
  return [...listed, `${most?.[0]} for the others`].join('; ');
}
