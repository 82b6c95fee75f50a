/** Attention and mean: the bag is a weighted mean of its tiles, and the head sees nothing else. */
import { bytesOf } from '@wsi-operator/protocol';
import { positiveScore, type Aggregation, type Cotangent } from './aggregation.ts';

export const pooled: Aggregation = {
  gathers: false,

  loss(head, parameters, { bags, outcomes, gradientScale }) {
    const { loss, parameterGradient, embeddingGradients } = head.lossAndGradient(
      parameters,
      bags.map(({ embedding }) => embedding),
      outcomes,
    );
    const scaled = (value: number): number => value * gradientScale;
    const cotangents = bags.map(({ embedding, logSumExp }, index): Cotangent => {
      const bag = {
        gradient: bytesOf(Float32Array.from(embeddingGradients[index]!, scaled)),
        embedding: bytesOf(Float32Array.from(embedding)),
        logSumExp,
      };
      return () => ({ bag });
    });
    return { loss, headGradient: parameterGradient.map(scaled), cotangents };
  },

  score({ embedding, attention, logSumExp }, { head, headParameters, positive }) {
    const { scores, probabilities } = head.predict(headParameters, [embedding]);
    const ofBag = probabilities?.[0];
    return {
      score: positiveScore(positive, ofBag) ?? scores[0]!,
      ...(ofBag === undefined ? {} : { probabilities: ofBag }),
      tileScores: attention.map((score) => Math.exp(score - logSumExp)),
    };
  },
};
