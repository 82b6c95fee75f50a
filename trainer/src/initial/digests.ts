/** By what a run knows the files that it starts from (pure). */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';

/** SHA-256 of the files; absent where nothing was read. */
export interface InitialDigests {
  /** Of `model.encoder.weights`. */
  readonly weights?: string;
  /** Of the parameters of `model.initialFrom`. */
  readonly initialFrom?: string;
}

/** The model with what is in the files in place of where they lie; the same object where it names none. */
export function modelByContent(
  model: WsiTrainingJobSpec['model'],
  { weights, initialFrom }: InitialDigests,
): { readonly encoder: unknown; readonly [part: string]: unknown } {
  if (weights === undefined && initialFrom === undefined) return model;
  return {
    ...model,
    encoder: weights === undefined ? model.encoder : { ...model.encoder, weights },
    ...(model.initialFrom === undefined
      ? {}
      : { initialFrom: { checkpoint: initialFrom, parts: [...model.initialFrom.parts].sort() } }),
  };
}

/** What differs between the files that a checkpoint began with and those that are there now, a line each. */
export function differentDigests(before: InitialDigests, now: InitialDigests): string[] {
  const fields = { weights: 'model.encoder.weights', initialFrom: 'model.initialFrom' } as const;
  return (['weights', 'initialFrom'] as const).flatMap((of) =>
    before[of] === now[of]
      ? []
      : [`${fields[of]}: sha256 ${before[of] ?? 'of no file'} then, ${now[of] ?? 'of no file'} now`],
  );
}
