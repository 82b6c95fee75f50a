/** Where a model's first parameters may come from. */
import type { Rule } from '../schema/node.ts';
import { ENCODERS } from './model-parts.ts';

const URL_SCHEME = '^[A-Za-z][A-Za-z0-9+.-]*://';
const BUCKET = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';

const withoutWeights = Object.entries(ENCODERS).flatMap(([name, { hasWeights }]) =>
  hasWeights ? [] : [name],
);

export const encoderRules: readonly Rule[] = [
  {
    cel: `!has(self.weights) || !self.weights.matches('${URL_SCHEME}') || self.weights.matches('^s3://${BUCKET}/.*[^/]$')`,
    message: 'weights must be a path or s3://BUCKET/KEY; other addresses cannot be read',
    field: 'weights',
  },
  ...withoutWeights.map((name): Rule => ({
    cel: `!has(self.weights) || self.name != '${name}'`,
    message: `nobody publishes weights of the encoder ${name}`,
    field: 'weights',
    remedy: 'Leave weights out, or choose the encoder that the file is of.',
  })),
];

export const initialFromRules: readonly Rule[] = [
  {
    cel: `!self.checkpoint.matches('${URL_SCHEME}') || self.checkpoint.matches('^s3://${BUCKET}(/.*)?$')`,
    message: 'checkpoint must be a path, s3://BUCKET or s3://BUCKET/PREFIX; other addresses cannot be read',
    field: 'checkpoint',
  },
  {
    cel: 'self.parts.all(part, self.parts.exists_one(other, other == part))',
    message: 'a part cannot be named twice',
    field: 'parts',
  },
];

/** Of the whole model. */
export const oneSourceRules: readonly Rule[] = [
  {
    cel: "!has(self.initialFrom) || !has(self.encoder.weights) || !('encoder' in self.initialFrom.parts)",
    message: 'the encoder cannot start from both encoder.weights and initialFrom',
    field: 'initialFrom.parts',
    remedy: 'Leave one of them out, or name the other parts: [aggregator, head].',
  },
];
