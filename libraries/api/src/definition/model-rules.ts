/** What parts of a model must fit together, read from the tables of the parts. */
import type { Rule } from '../schema/node.ts';
import { AGGREGATORS, ENCODERS, HEADS, OUTCOME_TYPES } from './model-parts.ts';

/** A head predicts one type of outcome. */
const outcomeRules = OUTCOME_TYPES.map((outcome): Rule => {
  const fitting = Object.entries(HEADS).flatMap(([name, head]) => (head.outcome === outcome ? [name] : []));
  return {
    cel: `self.cohort.outcome.type != '${outcome}' || ${oneOf('self.model.head.name', fitting)}`,
    message: `a ${outcome} outcome needs the ${fitting.join(' or ')} head`,
    field: 'model.head.name',
  };
});

const aggregatorRules = Object.entries(AGGREGATORS).flatMap(([name, { only }]): Rule[] => {
  if (only === undefined) return [];
  return [
    {
      cel: `self.model.aggregator.name != '${name}' || ${oneOf('self.model.head.name', only.heads)}`,
      message: `the ${name} aggregator works only with the ${only.heads.join(' or ')} head`,
      field: 'model.aggregator.name',
      remedy: only.remedy,
    },
  ];
});

const stepRules = Object.entries(HEADS).flatMap(([name, { leastBags }]): Rule[] => {
  const { count, because } = leastBags;
  if (count === 1) return [];
  return [
    {
      cel: `self.model.head.name != '${name}' || self.training.slidesPerStep >= ${count}`,
      message: `the ${name} head needs training.slidesPerStep of at least ${count}: ${because}`,
      field: 'training.slidesPerStep',
    },
  ];
});

const tileRules = Object.entries(ENCODERS).map(([name, { stride }]): Rule => ({
  cel: `self.model.encoder.name != '${name}' || self.patches.size % ${stride} == 0`,
  message: `patches.size must be a multiple of ${stride} for encoder ${name} (its stride)`,
  field: 'patches.size',
}));

/** What needs classes. */
const classRules = (['labelSmoothing', 'classWeights', 'sampling'] as const).map((field): Rule => ({
  cel: `!has(self.training.${field}) || self.cohort.outcome.type == 'classification'`,
  message: `training.${field} is only for outcomes of classes`,
  field: `training.${field}`,
}));

const balanceRule: Rule = {
  cel: "!has(self.training.classWeights) || !has(self.training.sampling) || self.training.sampling != 'balanced'",
  message: 'training.classWeights cannot be combined with balanced sampling: classes would be balanced twice',
  field: 'training.classWeights',
};

export const modelRules: readonly Rule[] = [
  ...outcomeRules,
  ...aggregatorRules,
  ...stepRules,
  ...tileRules,
  ...classRules,
  balanceRule,
];

function oneOf(field: string, names: readonly string[]): string {
  return names.length === 1 ? `${field} == '${names[0]}'` : `${field} in ['${names.join("', '")}']`;
}
