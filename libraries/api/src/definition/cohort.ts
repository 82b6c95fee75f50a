/** Which patients and slides, what is to be learned, and who is held out. */
import {
  choice,
  defaulted,
  forms,
  integer,
  list,
  object,
  optional,
  real,
  required,
  tagged,
  text,
} from '../schema/build.ts';
import { cohortRules, splitRules } from './rules.ts';
import { s3 } from './s3.ts';
import { unchanged } from './unchanged.ts';

const column = (description: string) => text(description, { maxLength: 256 });

const words = (description: string) =>
  list(description, text('A word.', { maxLength: 256 }), { maxItems: 64 });

const missing = object(
  'Words of the table that stand for a missing value. NaN, NA, N/A, NULL, #N/A, [Not Available], Not Reported and similar words always do, in every column; see the documentation of cohorts for the list.',
  {
    words: optional(
      words('Further words that stand for a missing value, in every column, such as `n.b.` or `999`.'),
    ),
    values: optional(
      words(
        'Words that are values in this table although they are in the list, such as `NA` for North America or `unknown` as a class. Letter case matters.',
      ),
    ),
    rows: defaulted(
      choice('What happens when a row has no patient, slide, outcome or, with a split column, split.', {
        fail: 'the run fails before it starts, and all such rows are named',
        skip: 'the row is left out, and the number of such rows is reported',
      }),
      'fail',
    ),
  },
);

const resolution = object(
  'The resolution of slides whose files do not state it, or state it wrongly: micrometres per pixel of the finest level.',
  {
    column: optional(
      column('Column with the resolution of each slide, in µm/px; empty where its file states it.'),
    ),
    mpp: optional(
      real('Resolution of the slides whose column is empty.', {
        minimum: 0.01,
        maximum: 100,
        unit: 'µm/px',
      }),
    ),
    prefer: defaulted(
      choice('Which resolution is used if the file states another one.', {
        file: 'that of the file; a difference of more than a tenth is an error that names the slide',
        statement: 'the one stated here, and the difference is logged',
      }),
      'file',
    ),
  },
);

const spelling = (of: string, plural: string) =>
  defaulted(
    choice(`What happens when ${plural} differ only in spelling.`, {
      refuse: 'the run fails before it starts, and both spellings are named',
      merge: `they are one ${of}, in the spelling of most rows`,
      distinct: `they are different ${plural}`,
    }),
    'refuse',
  );

const spellings = object(
  'Names that differ only in letter case, spaces, invisible or look-alike characters, composed letters, accents, dashes, leading zeros, the form of a number (1001 and 1001.0) or in how much of a barcode is given.',
  { patients: spelling('patient', 'patients'), classes: spelling('class', 'classes or treatments') },
);

const outcome = tagged('What the model learns to predict for a bag.', {
  tag: 'type',
  tagDescription: 'Kind of outcome.',
  common: {},
  variants: {
    classification: {
      means: 'one of several classes',
      fields: {
        column: required(column('Column of the class.')),
        positive: optional(
          text(
            'The positive class, as the table names it; the score is its probability. The default with two classes is the second in sorted order; with more there is none, and the score is the largest probability. It changes the reports, not the training.',
            { maxLength: 256 },
          ),
        ),
      },
    },
    survival: {
      means: 'time to an event, possibly censored',
      fields: {
        time: required(column('Column of the follow-up time, in any one unit, greater than 0.')),
        timeUnit: optional(
          choice('Unit of the follow-up time, for the axes of the report. It changes no number.', {
            days: 'days',
            weeks: 'weeks',
            months: 'months',
            years: 'years',
          }),
        ),
        event: required(column('Column of the event: 1 observed, 0 censored.')),
        treatment: optional(
          column(
            'Column of the treatment arm, for analyses by arm. A patient without one is in the run, but in no arm.',
          ),
        ),
        observed: optional(
          words('Words of the event column that mean 1, such as `Dead`; letter case does not matter.'),
        ),
        censored: optional(
          words('Words of the event column that mean 0, such as `Alive`; letter case does not matter.'),
        ),
      },
    },
  },
});

const split = forms(
  'How patients are divided; all slides of a patient are always on one side. Give either `column`, or `folds` and `fold`, or `test`; the last two also `validation`.',
  {
    common: {
      seed: defaulted(
        integer('Seed of the division; unused with `column`.', { minimum: 0, maximum: 4294967295 }),
        0,
      ),
      validation: defaulted(
        real(
          'Share of all patients in the validation set. With `folds` it is taken from those outside the fold that is held out, others in each fold; not with `column`, which names the patients of the validation set itself.',
          { minimum: 0, maximum: 1, exclusiveMaximum: true, unit: 'fraction' },
        ),
        0,
      ),
    },
    forms: {
      column: { column: required(column('Column with the words train, validation or test.')) },
      folds: {
        folds: required(integer('Number of cross-validation folds.', { minimum: 2, maximum: 100 })),
        fold: required(
          integer('The fold that is held out as the test set, from 0.', { minimum: 0, maximum: 99 }),
        ),
      },
      shares: {
        test: defaulted(
          real('Share of patients in the test set.', {
            minimum: 0,
            maximum: 1,
            exclusiveMaximum: true,
            unit: 'fraction',
          }),
          0.25,
        ),
      },
    },
    rules: splitRules,
  },
);

const RELATIVE =
  'A relative path is resolved against the directory of the manifest by `wsi run`, and against `storage.data.mountPath` on a cluster.';

const slides = {
  slides: required(
    text(
      `Directory of the slides named in the table: a path, s3://BUCKET or s3://BUCKET/PREFIX. ${RELATIVE}`,
      {
        maxLength: 4096,
      },
    ),
  ),
};

const features = {
  features: required(
    text(
      `Directory of files of features (HDF5, in the layout of TRIDENT, CLAM or STAMP), one for each slide named in the table: its name, with or without the extension of a slide, then .h5. They are the embeddings of the tiles: slides are not read, and aggregator and head are trained. ${RELATIVE}`,
      { maxLength: 4096 },
    ),
  ),
};

const fields = {
  table: required(
    text(`CSV file with one row per slide: a path or s3://BUCKET/KEY. ${RELATIVE}`, { maxLength: 4096 }),
  ),
  s3: optional(s3),
  bag: defaulted(
    choice('What is one bag, that is, one sample of the slide-level loss.', {
      slide: 'each slide on its own',
      patient: 'all slides of a patient together',
    }),
    'patient',
  ),
  outcome: required(outcome),
  patientColumn: defaulted(column('Column of the patient identifier.'), 'patient'),
  slideColumn: defaulted(column("Column of the slide's file name."), 'slide'),
  split: defaulted(split, {}),
  duplicateSlides: optional(
    choice(
      'What happens when two rows have the same slide under two names: a copy of the file, the same pixels in another file, or the same picture compressed or scaled again. The default is `fail`.',
      {
        fail: 'the run fails, before it starts or after the survey, and both rows are named',
        allow: 'they are different slides, and this is reported in the log and the status',
      },
    ),
  ),
  missing: optional(missing),
  spellings: optional(spellings),
  resolution: optional(resolution),
  unreadableSlides: defaulted(
    choice(
      'What happens when a slide is damaged or in a format that cannot be read, at the survey or at any later tile. Slides that are missing, have no tissue or do not fit the patches fail the run either way.',
      {
        fail: 'the run fails, and names every such slide',
        skip: 'the slide is quarantined: left out of the whole run, as if it were not in the table but with the split as it is, and named in the log, the status and result.json',
      },
    ),
    'fail',
  ),
};

const all = [...Object.keys(fields), ...Object.keys(slides), ...Object.keys(features)];

export const cohort = forms(
  'The patients, their slides and the outcome. Give either `slides` or `features`.',
  {
    common: fields,
    forms: { features, slides },
    // Where the same slides are read from may change: a run identifies slides by what is in them.
    rules: [...cohortRules, unchanged(all.filter((name) => name !== 's3'))],
  },
);
