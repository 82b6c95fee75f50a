/** Mutated inputs, one after the other, until the time is over or a number is reached. */
import fc from 'fast-check';
import { calibrated, judge } from './judge.ts';
import { edits, mutated } from './mutation.ts';
import type { FuzzTarget } from './target.ts';

export interface Counts {
  readonly inputs: number;
  readonly values: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly what: string;
  readonly input: Buffer;
}

export interface CampaignOptions {
  readonly seed: number;
  readonly corpus: readonly Buffer[];
  /** Whether to go on after so many inputs. */
  readonly more: (inputs: number) => boolean;
  /** Called with each input before it is parsed, so that a crash leaves it recorded. */
  readonly before?: (input: Buffer) => void;
}

const BATCH = 64;

/** The corpus and the seeds as they are, then what is made of them. One finding of a kind is kept. */
export async function campaign(target: FuzzTarget, options: CampaignOptions): Promise<Counts> {
  const unit = calibrated();
  const bases = [...(await target.seeds()), ...options.corpus];
  const found = new Map<string, Finding>();
  let [inputs, values, refused] = [0, 0, 0];
  const take = async (input: Buffer): Promise<void> => {
    options.before?.(input);
    const outcome = await judge(target, input, unit);
    inputs++;
    if (outcome.kind === 'value') values++;
    else if (outcome.kind === 'refused') refused++;
    else {
      // Numbers and names differ from input to input; the kind of finding does not.
      const kind = outcome.what.replaceAll(/\d+|"[^"]*"/gu, '#').slice(0, 300);
      if (!found.has(kind)) found.set(kind, { what: outcome.what, input });
    }
  };
  for (const base of bases) await take(base);
  const choices = fc.tuple(fc.nat(), edits);
  for (let batch = 0; options.more(inputs); batch++) {
    for (const [which, applied] of fc.sample(choices, { numRuns: BATCH, seed: options.seed + batch })) {
      if (!options.more(inputs)) break;
      await take(mutated(bases[which % bases.length]!, applied, bases, target.words));
    }
  }
  return { inputs, values, refused, findings: [...found.values()] };
}
