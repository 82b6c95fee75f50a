/**
 * What all files of features of a cohort have in common: a row of one network's numbers means nothing beside a row of
 * another's (pure).
 */
import {
  canonicalJson,
  isRecord,
  ownText,
  parseJson,
  publicText,
  WsiError,
  type PublicText,
} from '@wsi-operator/foundation';
import type { FeatureFile } from '@wsi-operator/features';

export interface FeatureKind {
  /** D: numbers of a row. */
  readonly size: number;
  /** As the files name it; absent where they do not. */
  readonly encoder?: string;
  /** SHA-256 of the encoder's definition and parameters: in files that this program wrote, as is the next. */
  readonly encoderDigest?: string;
  /** How tiles were cut, without what is a slide's own: the resolution that a table states, and the annotations. */
  readonly patches?: string;
}

export function kindOf({ size, key, encoder = key?.encoder }: FeatureFile): FeatureKind {
  return {
    size,
    ...(encoder === undefined ? {} : { encoder }),
    ...(key === undefined ? {} : { encoderDigest: key.encoderDigest, patches: ofAllSlides(key.patches) }),
  };
}

/** Text that is no JSON of ours stays as it is. */
function ofAllSlides(patches: string): string {
  const parsed = parsedOrText(patches);
  if (!isRecord(parsed)) return patches;
  const { stated: _ofTheSlide, tissue, ...others } = parsed;
  if (!isRecord(tissue) || !isRecord(tissue['annotations'])) {
    return canonicalJson({ ...others, ...(tissue === undefined ? {} : { tissue }) });
  }
  const { directory: _digestOfTheFile, ...annotations } = tissue['annotations'];
  return canonicalJson({ ...others, tissue: { ...tissue, annotations } });
}

function parsedOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** With what another file says, where the kind does not say it yet. */
export function completed(kind: FeatureKind | undefined, file: FeatureFile): FeatureKind {
  return { ...kindOf(file), ...kind };
}

/** What is shown of a name that a file says. */
const SHOWN = 80;

/** @throws WsiError `SlideUnsupported` when the file is of another kind, as far as both say what they are */
export function requireKind(path: string, file: FeatureFile, kind: FeatureKind): void {
  const problem = differenceOf(kindOf(file), kind);
  if (problem === undefined) return;
  throw new WsiError('SlideUnsupported', problem.whole, {
    where: path,
    summary: problem.shown,
    remedy: publicText`All files of a cohort must be made by one encoder from tiles of one kind: extract the features of this slide again, or take it out of the table.`,
  });
}

interface Difference {
  readonly whole: string;
  readonly shown: PublicText;
}

function differenceOf(here: FeatureKind, kind: FeatureKind): Difference | undefined {
  if (here.size !== kind.size) {
    return said(
      publicText`its rows have ${here.size} numbers, where those of the cohort or of the model have ${kind.size}.`,
    );
  }
  const [name, other] = [here.encoder, kind.encoder];
  if (name !== undefined && other !== undefined && name !== other) {
    return {
      whole: `it was made by the encoder '${name.slice(0, SHOWN)}', others by '${other.slice(0, SHOWN)}'.`,
      shown: publicText`it was made by another encoder.`,
    };
  }
  if (differ(here.encoderDigest, kind.encoderDigest)) {
    return said(publicText`its encoder has other parameters than that of the others.`);
  }
  return differ(here.patches, kind.patches)
    ? said(publicText`its tiles were cut in another way than those of the others.`)
    : undefined;
}

function said(text: PublicText): Difference {
  return { whole: String(text), shown: ownText(String(text)) };
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}
