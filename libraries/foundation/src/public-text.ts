/**
 * Text that may be read by anyone who reads a job's status, its pods and their logs. On a cluster that is more people than
 * may see patients' data, so everything else (names, identifiers, outcomes, paths, cells of a table) stays in the
 * output volume. Free text is private: public text is only what an author wrote into a template, with counts and line
 * numbers of this run and other public text.
 */

/** What may stand in a template of {@link publicText}. A number is a count, a line or a step, never a patient's value. */
export type PublicPart = number | PublicText;

const HIDDEN = '...';

export class PublicText {
  readonly #text: string;

  /** @internal Texts are made by {@link publicText} and its like below. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}

/** A text of which only the literal parts are the author's; what is no {@link PublicPart} is not shown at all. */
export function publicText(literals: TemplateStringsArray, ...parts: readonly PublicPart[]): PublicText {
  const shown = parts.map((part: unknown) =>
    typeof part === 'number' || part instanceof PublicText ? String(part) : HIDDEN,
  );
  return new PublicText(literals.map((literal, index) => `${literal}${shown[index] ?? ''}`).join(''));
}

export function joinPublic(texts: readonly PublicText[], separator: ', ' | '; ' | ' ' | '\n'): PublicText {
  return new PublicText(texts.join(separator));
}

/** One of a few words that the code knows (a role, a phase): a variable of type `string` is refused by the compiler. */
export function knownWord<const Word extends string>(word: string extends Word ? never : Word): PublicText {
  return new PublicText(word);
}

/**
 * A text that the program made itself and that holds nothing of a table, a slide or a path in them: its own address, a
 * checksum of parameters, the number of a task.
 */
export function ownText(text: string): PublicText {
  return new PublicText(text);
}

/** A text in two versions: whole, for whoever may see the data, and with private parts removed, for everyone. */
export interface RedactableText {
  readonly whole: string;
  readonly shown: PublicText;
}

/** Whether private text is written to logs, status and termination messages: only where the run is the user's own. */
export type Details = 'shown' | 'hidden';

/** As `WSI_DETAILS` says: hidden unless it is `shown`, which the launcher of local runs says. */
export function detailsOf(environment: Readonly<Record<string, string | undefined>>): Details {
  return environment['WSI_DETAILS'] === 'shown' ? 'shown' : 'hidden';
}

export function textFor(text: PublicText | RedactableText, details: Details): string {
  if (text instanceof PublicText) return String(text);
  return details === 'shown' ? text.whole : String(text.shown);
}
