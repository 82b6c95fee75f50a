/**
 * What a file says of its resolution, and whether it can be believed. Print resolutions (72 to 2400 dots an inch),
 * millimetres written as micrometres and zeros are as common in slides as true values, and a wrong one is silent: tiles
 * of another size come out. So a value that no microscope has is not used, and what was done is said.
 */
import type { Mpp } from './mpp.ts';

/** The coarsest that a scanner's objective gives (1x), and finer than light resolves. */
export const PLAUSIBLE_MPP = { finest: 0.02, coarsest: 10 } as const;
/** Sides of a pixel that differ more than this are a mistake of the file. */
const MAXIMUM_ASPECT = 2;
/** Micrometres a pixel times the objective's power is 10 for most scanners; cameras and adapters make 4 to 20 of it. */
const POWER_PRODUCT = { usual: [4, 25], possible: [2, 50] } as const;
/** Coarser and finer ones are rare, and mostly a mistake in a unit: what scanners have, from 2.5x to 100x. */
const USUAL_MPP = { finest: 0.09, coarsest: 4.5 } as const;
/** Pixels of cameras are square; sides that differ by more are noted. */
const SQUARE_ASPECT = 1.02;
/** Statements that differ by more than this are noted. */
const TOLD_DIFFERENCE = 0.02;

export interface MppClaim {
  /** Where it stands: "XResolution and YResolution (300 x 300 per inch)". */
  readonly source: string;
  /** Micrometres a pixel, whatever the file says: 0, NaN, missing. */
  readonly x: number | undefined;
  readonly y: number | undefined;
}

export interface FileResolution {
  readonly mpp: Mpp | undefined;
  /** Where it was read; undefined without `mpp`. */
  readonly source: string | undefined;
  /** Why there is no resolution, when the file says one that is not believed. */
  readonly problem: string | undefined;
  /** What was assumed or passed over. */
  readonly notes: readonly string[];
}

/** @param claims those that the format defines first, before general ones */
export function judgeClaims(claims: readonly MppClaim[], objectivePower: number | undefined): FileResolution {
  const notes: string[] = [];
  const problems: string[] = [];
  let chosen: { readonly mpp: Mpp; readonly source: string } | undefined;
  for (const claim of claims) {
    const read = readClaim(claim, objectivePower);
    if ('nothing' in read) continue;
    if ('problem' in read) {
      problems.push(read.problem);
    } else if (chosen === undefined) {
      chosen = { mpp: read.mpp, source: claim.source };
      notes.push(...read.notes);
    } else if (differs(read.mpp, chosen.mpp)) {
      notes.push(`${claim.source} says ${mppText(read.mpp)}, which was passed over for ${chosen.source}`);
    }
  }
  if (chosen !== undefined) return { ...chosen, problem: undefined, notes: [...notes, ...problems] };
  const problem = problems.length === 0 ? undefined : problems.join('; ');
  return { mpp: undefined, source: undefined, problem, notes: problems };
}

type Reading =
  { readonly nothing: true } | { readonly problem: string } | { readonly mpp: Mpp; readonly notes: string[] };

function readClaim(claim: MppClaim, objectivePower: number | undefined): Reading {
  const { source } = claim;
  const given = [claim.x, claim.y].filter((value) => value !== undefined);
  if (given.length === 0) return { nothing: true };
  const usable = given.filter((value) => Number.isFinite(value) && value > 0);
  const [x = 0, y = x] = [claim.x, claim.y].map((value) =>
    value !== undefined && Number.isFinite(value) && value > 0 ? value : usable[0],
  );
  if (usable.length === 0)
    return { problem: `${source} says ${given.join(' x ')} um/px, which is no resolution` };
  const mpp = { x, y };
  const problem = implausible(mpp) ?? contradiction(mpp, objectivePower);
  if (problem !== undefined) return { problem: `${source} says ${mppText(mpp)}, ${problem}` };
  const notes: string[] = [];
  if (usable.length < 2)
    notes.push(`${source} gives one side of a pixel only; the other is assumed to be equal`);
  const unusual = unusualFor(mpp, objectivePower);
  if (unusual !== undefined) notes.push(`${mppText(mpp)} is unusual ${unusual}`);
  if (Math.max(x / y, y / x) > SQUARE_ASPECT) {
    notes.push(`${source} says ${mppText(mpp)}: pixels that are not square; tiles are stretched to squares`);
  }
  return { mpp, notes };
}

function unusualFor({ x, y }: Mpp, objectivePower: number | undefined): string | undefined {
  const mean = (x + y) / 2;
  if (objectivePower === undefined) {
    const { finest, coarsest } = USUAL_MPP;
    return mean < finest || mean > coarsest
      ? 'for a scanner: a unit may be wrong by a factor of 10'
      : undefined;
  }
  const [least, most] = POWER_PRODUCT.usual;
  const isUsual = mean * objectivePower >= least && mean * objectivePower <= most;
  return isUsual ? undefined : `for an objective of ${objectivePower}x (about ${usualMpp(objectivePower)})`;
}

/** Why no microscope has this resolution; undefined when one may. */
export function implausible({ x, y }: Mpp): string | undefined {
  if (Math.max(x, y) / Math.min(x, y) > MAXIMUM_ASPECT) return 'sides of a pixel that differ too much';
  const mean = (x + y) / 2;
  if (mean > PLAUSIBLE_MPP.coarsest) {
    return `which no microscope has (${Math.round(25_400 / mean)} dots an inch: a resolution for print or screen)`;
  }
  if (mean >= PLAUSIBLE_MPP.finest) return undefined;
  const inMillimetres = mean * 1000;
  const guess =
    inMillimetres >= PLAUSIBLE_MPP.finest && inMillimetres <= PLAUSIBLE_MPP.coarsest
      ? ` (${rounded(inMillimetres)} um/px if it is meant in millimetres)`
      : '';
  return `which no microscope has${guess}`;
}

function contradiction({ x, y }: Mpp, power: number | undefined): string | undefined {
  if (power === undefined) return undefined;
  const [least, most] = POWER_PRODUCT.possible;
  const product = ((x + y) / 2) * power;
  if (product >= least && product <= most) return undefined;
  return `which contradicts the objective of ${power}x that it says as well (about ${usualMpp(power)})`;
}

function usualMpp(power: number): string {
  return `${rounded(10 / power)} um/px`;
}

export function differs(a: Mpp, b: Mpp, tolerance = TOLD_DIFFERENCE): boolean {
  return Math.abs(a.x / b.x - 1) > tolerance || Math.abs(a.y / b.y - 1) > tolerance;
}

export function mppText({ x, y }: Mpp): string {
  return x === y ? `${rounded(x)} um/px` : `${rounded(x)} x ${rounded(y)} um/px`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
