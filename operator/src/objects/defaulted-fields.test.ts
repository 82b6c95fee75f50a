/**
 * An upgrade of the definition gives every stored job the defaults of its new fields. A field that is not among these is
 * new: unless jobs without it have the same revision and the same run as with its default, an upgrade stops every running
 * job, and no local run can be resumed. Leave its default out in objects/revision.ts, fill it in in
 * cluster/local/run-identity.ts, show both in their tests, and only then add it here. (An optional field needs none of this.)
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { isRecord } from '@wsi-operator/foundation';
import { recordOf } from '../plan/believed.ts';

const CRD = new URL('../../../crds/wsi.dev_wsitrainingjobs.yaml', import.meta.url);

const KNOWN = {
  cohort: [
    's3.forcePathStyle',
    'bag',
    'patientColumn',
    'slideColumn',
    'split',
    'split.seed',
    'split.validation',
    'missing.rows',
    'spellings.patients',
    'spellings.classes',
    'resolution.prefer',
    'unreadableSlides',
  ],
  patches: [
    '',
    'size',
    'batch',
    'blockShards',
    'tissue',
    'tissue.method',
    'tissue.minimumFraction',
    'tissue.annotations.use',
    'tissue.annotations.missing',
    'stain.method',
    'cacheBytes',
  ],
  model: [
    'encoder',
    'encoder.name',
    'aggregator',
    'aggregator.name',
    'aggregator.hidden',
    'head.hidden',
    'initialFrom.parts',
  ],
  training: [
    '',
    'mode',
    'epochs',
    'slidesPerStep',
    'optimizer',
    'optimizer.name',
    'optimizer.weightDecay',
    'learningRates.encoder',
    'learningRates.aggregator',
    'learningRates.head',
    'learningRates.layerDecay',
    'averaging.decay',
    'schedule',
    'schedule.name',
    'schedule.warmupSteps',
    'seed',
    'staleness',
    'threads',
    'augmentation',
    'augmentations.colour.brightness',
    'augmentations.colour.contrast',
    'augmentations.colour.saturation',
    'augmentations.colour.hue',
    'augmentations.colour.per',
    'augmentations.stain.sigma',
    'augmentations.stain.bias',
    'augmentations.stain.per',
    'augmentations.blur.sigma',
  ],
};

describe('fields with a default that are part of the identity of a run', () => {
  it.each(Object.entries(KNOWN))('of %s are those that upgrades are known to keep', async (part, known) => {
    const crd = recordOf(load(await readFile(CRD, 'utf8')));
    const [version] = recordOf(crd['spec'])['versions'] as unknown[];
    const schema = ['schema', 'openAPIV3Schema', 'properties', 'spec', 'properties', part].reduce(
      (of, key) => recordOf(of[key]),
      recordOf(version),
    );
    expect(defaultedIn(schema, '').sort()).toEqual([...known].sort());
  });
});

function defaultedIn(schema: unknown, path: string): string[] {
  if (!isRecord(schema)) return [];
  const below = Object.entries(recordOf(schema['properties'])).flatMap(([name, of]) =>
    defaultedIn(of, path === '' ? name : `${path}.${name}`),
  );
  const inside = ['items', 'additionalProperties'].flatMap((of) => defaultedIn(schema[of], `${path}[]`));
  return [...('default' in schema ? [path] : []), ...below, ...inside];
}
