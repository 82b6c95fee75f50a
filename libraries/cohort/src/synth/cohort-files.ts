/** The files beside the slides: the table, the truth, a job that trains on them, and a page that explains them. */
import type { SynthesisParameters } from './options.ts';
import type { PlannedSlide } from './slide-plan.ts';
import { HAZARD_MODEL } from './survival.ts';
import type { Assignment, Assignments } from './tasks.ts';

export interface SynthesizedSlide {
  readonly assignment: Assignment;
  readonly plan: PlannedSlide;
}

/** cohort.csv */
export function tableText(patients: readonly Assignment[]): string {
  const isSurvival = patients[0]?.outcome.type === 'survival';
  const header = isSurvival ? 'patient,slide,time,event,treatment,split' : 'patient,slide,label,split';
  const rows = patients.map(({ patient, slide, outcome, split }) => {
    const values =
      outcome.type === 'survival' ? [outcome.time, outcome.event, outcome.treatment] : [outcome.label];
    return [patient, slide, ...values, split].join();
  });
  return `${[header, ...rows].join('\n')}\n`;
}

/** truth.json: the ground truth that the model does not see. */
export function truthText(slides: readonly SynthesizedSlide[]): string {
  const truth = slides.map(({ assignment, plan }) => {
    const { motifs: motifCounts, ...rest } = assignment;
    return { ...rest, motifCounts, ...truthOf(plan) };
  });
  return `${JSON.stringify({ slides: truth }, undefined, 1)}\n`;
}

function truthOf({ motifs, tissuePatches }: PlannedSlide): object {
  return {
    motifs: motifs.map(({ kind, x, y, size }) => ({ kind, x, y, width: size, height: size })),
    tissuePatches,
  };
}

/** job.yaml: a WsiTrainingJob for this cohort, of a size that a laptop trains in minutes. */
export function jobText({ task, patch, seed, slides }: SynthesisParameters, mpp: number): string {
  const isSurvival = task === 'survival';
  const outcome = isSurvival
    ? ['type: survival', 'time: time', 'event: event', 'treatment: treatment']
    : ['type: classification', 'column: label'];
  const head = isSurvival
    ? ['name: cox', 'hidden: 32', 'ties: efron']
    : ['name: classification', 'hidden: 32'];
  // Cox's risk set is the step, so its steps need more patients than the classes need.
  const slidesPerStep = Math.min(slides, isSurvival ? 16 : 4);
  return `# Made with the cohort. Train with: wsi run job.yaml --output OUTPUT
apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata:
  name: synthetic-${task}
spec:
  cohort:
    table: cohort.csv
    slides: slides
    outcome:
${outcome.map((line) => `      ${line}`).join('\n')}
    split:
      column: split
  patches:
    size: ${patch} # pixels of ${mpp} micrometres; each motif lies wholly within one tile
    level: 0
    batch: 16
    blockShards: 4
  model:
    encoder:
      name: tiny
    aggregator:
      name: attention
      hidden: 64
    head:
${head.map((line) => `      ${line}`).join('\n')}
  training:
    mode: endToEnd
    epochs: ${isSurvival ? 20 : 10}
    slidesPerStep: ${slidesPerStep}
    optimizer:
      name: adamw # with the learning rate of the encoder
    schedule:
      name: cosine
      warmupSteps: 20
    seed: ${seed}
  parameterServers:
    replicas: 1
  workers:
    replicas: 2
  checkpoint:
    everySteps: 10
`;
}

/** README.md */
export function pageText(parameters: SynthesisParameters, assignments: Assignments): string {
  const { slides, width, height, task, patch, motifSize } = parameters;
  return `# Synthetic cohort: ${task}

${slides} slides of ${width} x ${height} pixels, one a patient. Two motifs, each in a square of ${motifSize} pixels within
one square of the ${patch}-pixel grid: A, a nest of round blue nuclei; B, a swirl of slender brown ones.

${taskText(parameters, assignments)}
${assignments.notes.map((note) => `\nNote: ${note}\n`).join('')}
- \`cohort.csv\`: the table. \`split\` is balanced over what the slides are made of.
- \`slides/\`: pyramidal JPEG-tiled BigTIFFs.
- \`truth.json\`: where every motif is, and what the outcome was drawn from.
- \`job.yaml\`: a training job for this cohort (\`wsi run job.yaml --output OUTPUT\`).
- \`cohort.json\`: the parameters; the same ones give the same bytes.
`;
}

function taskText({ task, motifs, censoring }: SynthesisParameters, { censoringRate }: Assignments): string {
  if (task === 'needle') {
    return `Positive slides have ${motifs} tile(s) with motif A, negative ones none. B does not occur.`;
  }
  if (task === 'cooccurrence') {
    return `Every slide has ${motifs} motifs. Positive: ${motifs / 2} of A and ${motifs / 2} of B, anywhere on the slide. Negative: ${motifs} of
one kind, A in one half of them and B in the other. A tile with A, or with B, is as frequent in positive slides as in
negative ones, and the mean over a positive slide of anything computed from single tiles lies midway between the
means over the two kinds of negatives. So no tile and no average over tiles reveals the outcome.`;
  }
  const { baseline, A, B, T, AT } = HAZARD_MODEL;
  return `a and b are the numbers of motifs A and B on the slide divided by ${motifs}; each number is uniform from 0 to ${motifs}.
z is the treatment, 1 for half of the patients at random. The hazard, in events a month, is constant in time:

    h(t | a, b, z) = ${baseline} * exp((${A}) a + (${B}) b + (${T}) z + (${AT}) a z)

Time to event T ~ Exp(h). Censoring C ~ Exp(${censoringRate ?? 0}), independent, with that rate so that
${censoring * 100} % of the patients are expected to be censored. Observed: time = min(T, C), event = 1 if T <= C.`;
}
