/**
 * The model that a checkpoint describes, checked by the definition of a job: what no job could have asked for is not
 * computed. What belongs to a machine and leaves the numbers alone is not taken from it. `threads` is: the bits depend
 * on it, and its range is that of a job.
 */
import { API_VERSION, formatProblem, HEADS, KIND, validate, type OutcomeType } from '@wsi-operator/api';
import { isRecord, WsiError } from '@wsi-operator/foundation';
import { encoderRevision, type TileNetwork } from '@wsi-operator/engine';
import type { ModelDescription } from '../plan/model.ts';
import { frozenEncoder, frozenSize, shardingOfRows } from '../plan/tile-origin.ts';

/** The outcome of the smallest job that has a head for it, and the classes that such a head must have. */
const OUTCOMES: Readonly<
  Record<
    OutcomeType,
    { readonly smallest: object; readonly leastClasses: number; readonly countsClasses: boolean }
  >
> = {
  classification: {
    smallest: { type: 'classification', column: 'class' },
    leastClasses: 2,
    countsClasses: true,
  },
  survival: {
    smallest: { type: 'survival', time: 'time', event: 'event' },
    leastClasses: 0,
    countsClasses: false,
  },
};

const MOST_CLASSES = 4096;
const LONGEST_CLASS = 1024;

/** @throws WsiError that says every field that is wrong, as for a job */
export function storedDescription(stored: unknown): ModelDescription {
  if (!isRecord(stored)) throw refused('there is no model in its cursor');
  const { network, head, patches, threads } = stored;
  if (!isRecord(network) || !isRecord(head) || !isRecord(patches) || threads === undefined) {
    throw refused('there is no network, head, patches or threads in its cursor');
  }
  const classes = classesOf(stored);
  const frozen = frozenOf(stored);
  const ofFeatures = stored['features'] !== undefined;
  const { job, problems } = validate(jobLike({ network, head, patches, threads, ofFeatures, frozen }));
  if (job === undefined) throw refused(problems.map(formatProblem).join('; '));
  if (OUTCOMES[outcomeOf(head)].countsClasses && head['classes'] !== classes.length) {
    throw refused(`its head is for other classes than the ${classes.length} that it names`);
  }
  if (stored['features'] === undefined) requireTiles(network, stored);
  else requireRows(network, stored['features']);
  // Checked above, so that the type holds.
  const description = stored as unknown as ModelDescription;
  const makes = frozen === undefined ? undefined : frozenEncoder(job.spec);
  if (makes !== undefined && description.features?.size !== frozenSize(makes, job.spec.patches.size)) {
    throw refused('its frozen encoder has embeddings of another size than its features');
  }
  return {
    ...description,
    ...(makes === undefined ? {} : { frozen: makes }),
    patches: { ...description.patches, cacheBytes: job.spec.patches.cacheBytes },
  };
}

/** A network of pixels. */
function requireTiles(network: StoredParts['network'], stored: Readonly<Record<string, unknown>>): void {
  const { size } = stored['patches'] as ModelDescription['patches'];
  if (network['tileSize'] !== size) throw refused('its network is for tiles of another size');
  requireRevision(network['encoder'], stored['encoderRevision'] ?? 1);
}

/** A network of rows of features; how many numbers a row may have is the engine's to judge. */
function requireRows(network: StoredParts['network'], kind: unknown): void {
  const rows = network['features'];
  if (!isRecord(kind) || !isRecord(rows) || kind['size'] !== rows['size'] || 'encoder' in network) {
    throw refused('its network is for other features than it names');
  }
  const names = [kind['encoder'], kind['encoderDigest'], kind['patches']];
  if (names.some((name) => name !== undefined && typeof name !== 'string')) {
    throw refused('what it says of its features is no text');
  }
}

/** @throws WsiError for one that makes no features */
function frozenOf(stored: Readonly<Record<string, unknown>>): StoredParts['frozen'] {
  const { frozen, features, patches } = stored;
  if (frozen === undefined) return undefined;
  // Features of another encoder would look as good: its digest is compared before the first tile.
  const named = isRecord(features) && typeof features['encoderDigest'] === 'string';
  if (!isRecord(frozen) || !named || !Number.isInteger(features['size'])) {
    throw refused('its frozen encoder has no digest');
  }
  const { batch, blockShards } = shardingOfRows(Number(features['size']));
  if (!isRecord(patches) || patches['batch'] !== batch || patches['blockShards'] !== blockShards) {
    throw refused('its rows of features are not in the shards that it was trained with');
  }
  return frozen;
}

/** Parameters of another revision would give numbers that look right and are wrong. */
function requireRevision(encoder: unknown, revision: unknown): void {
  const { name } = encoder as TileNetwork['encoder'];
  const now = encoderRevision({ name });
  if (revision === now) return;
  throw refused(
    `it was trained with revision ${String(revision)} of ${name}, and this version computes revision ${now}`,
  );
}

interface StoredParts {
  readonly network: Readonly<Record<string, unknown>>;
  readonly head: Readonly<Record<string, unknown>>;
  readonly patches: Readonly<Record<string, unknown>>;
  readonly threads: unknown;
  readonly ofFeatures: boolean;
  /** What makes the features. */
  readonly frozen: Readonly<Record<string, unknown>> | undefined;
}

/** The smallest job that has such a model. */
function jobLike({ network, head, patches, threads, ofFeatures, frozen }: StoredParts): unknown {
  const { classes: _ofTheTable, ...jobHead } = head;
  const { cacheBytes: _ofTheMachine, ...jobPatches } = patches;
  const outcome = OUTCOMES[outcomeOf(head)].smallest;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'checkpoint' },
    spec: {
      cohort: { table: 'cohort.csv', slides: 'slides', outcome },
      patches: frozen === undefined ? jobPatches : { ...jobPatches, batch: frozen['batch'] },
      model: {
        ...(ofFeatures ? {} : { encoder: network['encoder'] }),
        ...(frozen === undefined ? {} : { encoder: { name: frozen['encoder'], weights: frozen['weights'] } }),
        aggregator: network['aggregator'],
        head: jobHead,
      },
      training: { threads, ...(frozen === undefined ? {} : { mode: 'frozen' }) },
    },
  };
}

function classesOf({ classes, positive, head }: Readonly<Record<string, unknown>>): readonly string[] {
  const isName = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && value.length <= LONGEST_CLASS;
  const isList =
    Array.isArray(classes) &&
    classes.length <= MOST_CLASSES &&
    classes.every((name: unknown) => isName(name));
  if (!isList || new Set(classes).size !== classes.length) throw refused('its classes are no list of names');
  const { leastClasses: count } = OUTCOMES[isRecord(head) ? outcomeOf(head) : 'classification'];
  if (classes.length < count) throw refused(`it names ${classes.length} classes`);
  if (positive !== undefined && !(classes as unknown[]).includes(positive)) {
    throw refused('its positive class is none of its classes');
  }
  return classes;
}

/** An unknown head is reported by the validation of the job. */
function outcomeOf({ name }: Readonly<Record<string, unknown>>): OutcomeType {
  return Object.entries(HEADS).find(([known]) => known === name)?.[1].outcome ?? 'classification';
}

function refused(problem: string): WsiError {
  return new WsiError('InvalidArgument', problem);
}
