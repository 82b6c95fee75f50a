/** Refusals of files of features: each names the file, what in it is wrong, and what to do. */
import { ownText, publicText, WsiError, type ErrorCode, type PublicText } from '@wsi-operator/foundation';

/** Places in a file are names that this program knows, so that they may be said to everyone. */
export type Place = 'features' | 'feats' | 'coords';

const AGAIN = publicText`Extract the slide's features again, or take it out of the table.`;

/** A file that is damaged, or holds numbers that cannot be features. */
export function unreadable(path: string, problem: PublicText, remedy = AGAIN, cause?: unknown): WsiError {
  return refusal('SlideUnreadable', { path, problem, remedy, cause });
}

/** A file that may be whole, but in a form that is not read. */
export function unsupported(path: string, problem: PublicText | string, remedy: PublicText): WsiError {
  return refusal('SlideUnsupported', { path, problem, remedy });
}

/** A file without a row: no tile of the slide was found worth it. */
export function withoutRows(path: string): WsiError {
  return refusal('NoTissue', {
    path,
    problem: publicText`the file of features has no rows: no tile of the slide was embedded.`,
    remedy: publicText`Take the slide out of the table, or extract its features with another tissue detection.`,
  });
}

/** A file whose last rows hold nothing but zeros, as space does that was never written. */
export function unwritten(path: string, last: number, rows: number): WsiError {
  return unreadable(
    path,
    publicText`its last rows hold only zeros (${last} of ${rows}): it was not written to its end, or filled up to a length.`,
    publicText`Extract the slide's features again, or write the rows of its tiles only.`,
  );
}

/** A file whose floats of two bytes are not those that IEEE 754 describes. */
export function otherFloats(path: string, place: Place): WsiError {
  return unsupported(
    path,
    publicText`${ownText(place)} has floats of two bytes that are no half floats (float16), such as bfloat16, which are not read.`,
    publicText`Write them as float32, in PyTorch with features.float().`,
  );
}

interface Refusal {
  readonly path: string;
  readonly problem: PublicText | string;
  readonly remedy: PublicText;
  readonly cause?: unknown;
}

function refusal(code: ErrorCode, { path, problem, remedy, cause }: Refusal): WsiError {
  return new WsiError(code, problem, { where: path, remedy, ...(cause === undefined ? {} : { cause }) });
}
