/** The patch baseline: every tile has a loss and a score of its own, see `instance-loss.ts`. */
import { bytesOf } from '@wsi-operator/protocol';
import { addInto, reduceTree } from '../aggregate/tree.ts';
import { positiveScore, type Aggregation, type Cotangent } from './aggregation.ts';
import { instanceLossAndGradient, instancePredict } from './instance-loss.ts';

export const instance: Aggregation = {
  gathers: true,

  loss(head, parameters, { bags, outcomes, gradientScale }) {
    const losses = bags.map(({ embeddings }, index) =>
      instanceLossAndGradient(head, parameters, embeddings, outcomes[index]!, gradientScale / bags.length),
    );
    return {
      loss: losses.reduce((sum, { loss }) => sum + loss, 0) / gradientScale,
      headGradient: reduceTree(
        losses.map(({ parameterGradient }) => parameterGradient),
        addInto,
      ),
      cotangents: losses.map(({ cotangent }): Cotangent => {
        const size = head.embeddingSize;
        return ({ start, end }) => ({ tiles: bytesOf(cotangent.subarray(start * size, end * size)) });
      }),
    };
  },

  score({ embeddings }, { head, headParameters, positive }) {
    const { score, probabilities, tileScores } = instancePredict(head, headParameters, embeddings, positive);
    return {
      score: positiveScore(positive, probabilities) ?? score,
      probabilities,
      tileScores: Float32Array.from(tileScores),
    };
  },
};
