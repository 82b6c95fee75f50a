/** Characters that are invisible, or that look like others. */

/** Controls, zero-width and format characters, variation selectors, soft hyphens: nothing that is printed. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800]/gu;
/** As INVISIBLE, with what is seen only on top of another letter, and letters that were lost. */
const HIDDEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u0300-\u036f\u2800\ufffd]/u;
const WHITE_CONTROLS = /[\t\n\v\f\r\u0085]/g;

/** Letters of other alphabets that are printed as Latin ones are. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  (
    [
      ['АВЕЅІЈКМНОРСТХҮУԌԚԜҺаеѕіјкмоорсхуһԁԛԝγ', 'ABESIJKMHOPCTXYYGQWhaesijkmoopcxyhdqwy'],
      ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοıɡ', 'ABEZHIKMNOPTYXoig'],
    ] as const
  ).flatMap(([from, to]) => Array.from(from).map((letter, index) => [letter, to[index]!] as const)),
);

export function withoutInvisible(text: string): string {
  return text.replace(WHITE_CONTROLS, ' ').replace(INVISIBLE, '');
}

export function inLatinLetters(text: string): string {
  return text.replace(/./gsu, (letter) => LOOKALIKES.get(letter) ?? letter);
}

export function withoutAccents(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('Ø', 'O');
}

/** The text in quotes, with every character escaped that is not seen or not what it looks like. */
export function quoted(text: string): string {
  const latin = /[A-Za-z]/.test(text);
  const shown = text.replace(/./gsu, (letter) => {
    const space = letter !== ' ' && /\p{Zs}/u.test(letter);
    return HIDDEN.test(letter) || space || (latin && LOOKALIKES.has(letter)) ? escaped(letter) : letter;
  });
  return `'${shown}'`;
}

function escaped(letter: string): string {
  return `\\u{${letter.codePointAt(0)!.toString(16).padStart(4, '0')}}`;
}
