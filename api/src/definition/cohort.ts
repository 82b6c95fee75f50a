/** Which patients and slides, what is to be learned, and who is held out. */
import {
  choice,
  defaulted,
  forms,
  integer,
  object,
  optional,
  real,
  required,
  tagged,
  text,
} from '../schema/build.ts';
import { cohortRules, splitRules } from './rules.ts';
import { s3 } from './s3.ts';

const column = (description: string) => text(description, { maxLength: 256 });

const outcome = tagged('What the model learns to tell about a bag.', {
  tag: 'type',
  tagDescription: 'Kind of outcome.',
  common: {},
  variants: {
    classification: {
      means: 'one of several classes',
      fields: { column: required(column('Column of the class.')) },
    },
    survival: {
      means: 'time to an event, possibly censored',
      fields: {
        time: required(column('Column of the follow-up time, in any one unit, greater than 0.')),
        event: required(column('Column of the event: 1 observed, 0 censored.')),
        treatment: optional(column('Column of the treatment arm, for analyses by arm.')),
      },
    },
  },
});

const split = forms(
  'How patients are divided; all slides of a patient are always on one side. Give either `column`, or `folds` and `fold`, or `test` and `validation`.',
  {
    common: {
      seed: defaulted(
        integer('Seed of the division; unused with `column`.', { minimum: 0, maximum: 4294967295 }),
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
        validation: defaulted(
          real('Share of patients in the validation set.', {
            minimum: 0,
            maximum: 1,
            exclusiveMaximum: true,
            unit: 'fraction',
          }),
          0,
        ),
      },
    },
    rules: splitRules,
  },
);

const RELATIVE =
  'A relative path is taken from the manifest by `wsi run`, and from `storage.data.mountPath` on a cluster.';

export const cohort = object(
  'The patients, their slides and the outcome.',
  {
    table: required(
      text(`CSV file with one row a slide: a path or s3://BUCKET/KEY. ${RELATIVE}`, { maxLength: 4096 }),
    ),
    slides: required(
      text(
        `Directory of the slides named in the table: a path, s3://BUCKET or s3://BUCKET/PREFIX. ${RELATIVE}`,
        {
          maxLength: 4096,
        },
      ),
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
    unreadableSlides: defaulted(
      choice(
        'What follows when a slide turns out to be damaged or in a format that cannot be read, at the survey or at any later tile. Slides that are missing, have no tissue or do not fit the patches fail the run either way.',
        {
          fail: 'the run fails, and names every such slide',
          skip: 'the slide is quarantined: left out of the whole run, as if it were not in the table but with the split as it is, and named in the log, the status and result.json',
        },
      ),
      'fail',
    ),
  },
  { rules: cohortRules },
);
