/** The Cox head: a perceptron whose output is the log hazard ratio, with the negative log partial likelihood. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { coxLoss } from './cox.ts';
import type { HeadKind, BagOutcome } from './head.ts';
import { Perceptron } from './perceptron.ts';
import { subjectsOf } from './subjects.ts';
import { outputOf, parametersOf, requireOutcomes, throughNetwork } from './through-network.ts';

export const cox: HeadKind<'cox'> = {
  describe: ({ ties, hidden }) => ({ name: 'cox', ties, hidden }),

  // Runs whose steps were made without regard to the events are other runs.
  identity: { steps: 'events' },

  // Runs in which the risk set is not the step's bags but their patients are other runs than those before it was so.
  identityOfSeveralBags: { riskSet: 'patients' },

  create(spec, embeddingSize) {
    const network = new Perceptron({
      inputs: embeddingSize,
      hidden: spec.hidden,
      outputs: 1,
      outputBias: false,
    });
    return {
      spec,
      embeddingSize,
      ...parametersOf(network),
      predict: (parameters, embeddings) => ({
        scores: Array.from(outputOf(network, parameters, embeddings)),
      }),
      lossAndGradient: (parameters, embeddings, outcomes) => {
        const survivals = survivalOutcomes(outcomes, embeddings.length);
        return throughNetwork(network, parameters, embeddings, (output) => {
          const { logHazards, outcomes: subjects, spread } = subjectsOf(output, survivals);
          const { loss, gradient } = coxLoss(logHazards, subjects, spec.ties);
          return { loss, gradient: spread(gradient), predictions: { scores: Array.from(output) } };
        });
      },
    };
  },
};

function survivalOutcomes(
  outcomes: readonly BagOutcome[],
  bags: number,
): Extract<BagOutcome, { type: 'survival' }>[] {
  requireOutcomes(outcomes, bags);
  return outcomes.map((outcome) => {
    if (outcome.type !== 'survival' || !Number.isFinite(outcome.time)) {
      throw new WsiError(
        'Internal',
        publicText`The Cox head takes a finite time and an event flag for every bag.`,
      );
    }
    return outcome;
  });
}
