/** What the predicted risks of one split say, in numbers. Always one case a patient. */
import { quantile } from '../bootstrap.ts';
import { concordanceIndex } from '../concordance.ts';
import { kaplanMeier, type SurvivalCurve } from '../kaplan-meier.ts';
import { logRankTest, type LogRank } from '../log-rank.ts';
import type { Survival } from '../samples.ts';
import type { ScoredCase } from './cases.ts';
import type { Estimate } from './estimate.ts';

export interface SurvivalGroup {
  readonly name: string;
  /** Of one outcome a patient. */
  readonly curve: SurvivalCurve;
}

export interface SurvivalGroups {
  readonly title: string;
  readonly groups: readonly SurvivalGroup[];
  readonly test: LogRank | undefined;
}

export interface SurvivalFinding {
  readonly split: string;
  readonly patients: number;
  readonly bags: number;
  /** Patients with an event. */
  readonly events: number;
  /** Undefined where no two patients can be compared. */
  readonly concordance: Estimate | undefined;
  /** Standard error of the concordance by the jackknife. */
  readonly standardError: number | undefined;
  /** Log hazard ratio above which a patient is at high risk: the training patients' median. */
  readonly cut: number;
  /** By risk first; then, with two or more arms, by treatment: all, low risk, high risk. */
  readonly groupings: readonly SurvivalGroups[];
}

interface Followed extends ScoredCase {
  readonly survival: Survival;
}

/** The patients of a split that were followed up. */
export function followed(cases: readonly ScoredCase[]): Followed[] {
  return cases.flatMap((of): Followed[] => {
    if (of.outcome.type !== 'survival' || !Number.isFinite(of.outcome.time)) return [];
    const { time, event } = of.outcome;
    return [{ ...of, survival: { time, event } }];
  });
}

/** @param reference whose median risk is the cut: the training patients', so that the test set does not choose it */
export function survivalFinding(
  split: string,
  cases: readonly Followed[],
  { reference, level }: { readonly reference: readonly Followed[]; readonly level: number },
): SurvivalFinding {
  const result = concordanceIndex(
    cases.map(({ score }) => score),
    cases.map(({ survival }) => survival),
    { level },
  );
  const cut = quantile(
    reference.map(({ score }) => score).sort((a, b) => a - b),
    0.5,
  );
  return {
    split,
    patients: cases.length,
    bags: cases.reduce((sum, { bags }) => sum + bags, 0),
    events: cases.filter(({ survival }) => survival.event).length,
    concordance: result && {
      value: result.concordance,
      lower: result.lower,
      upper: result.upper,
      level,
      method:
        result.intervalMethod === 'score'
          ? 'Newcombe, events as cases'
          : 'infinitesimal jackknife, log-odds scale',
      chance: 0.5,
    },
    standardError: result?.standardError,
    cut,
    groupings: groupingsOf(cases, cut, level),
  };
}

function groupingsOf(cases: readonly Followed[], cut: number, level: number): SurvivalGroups[] {
  const low = cases.filter(({ score }) => score <= cut);
  const high = cases.filter(({ score }) => score > cut);
  const arms = [...new Set(cases.flatMap(({ treatment }) => treatment ?? []))].sort();
  const byArm = (title: string, members: readonly Followed[]): SurvivalGroups =>
    grouping(
      title,
      arms.map((arm) => [arm, members.filter(({ treatment }) => treatment === arm)]),
      level,
    );
  const byRisk = grouping(
    'by predicted risk',
    [
      ['low risk', low],
      ['high risk', high],
    ],
    level,
  );
  if (arms.length < 2) return [byRisk];
  return [
    byRisk,
    byArm('by treatment, all patients', cases),
    byArm('by treatment, predicted low risk', low),
    byArm('by treatment, predicted high risk', high),
  ];
}

function grouping(
  title: string,
  members: readonly (readonly [string, readonly Followed[]])[],
  level: number,
): SurvivalGroups {
  const outcomes = members.map(([name, group]) => ({
    name,
    survivals: group.map(({ survival }) => survival),
  }));
  return {
    title,
    groups: outcomes.flatMap(({ name, survivals }) =>
      survivals.length === 0 ? [] : [{ name, curve: kaplanMeier(survivals, level) }],
    ),
    test: logRankTest(outcomes.map(({ survivals }) => survivals)),
  };
}
