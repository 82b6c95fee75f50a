/**
 * JSON that somebody else wrote. `JSON.parse` takes any depth, which ends the recursion of whoever walks the value, and of
 * two members of one name the last, which is not what another program takes. The text is looked through before it is
 * parsed: a deep one would cost seconds and its objects first.
 */

/** Levels of objects and lists. Nothing that is read here has ten. */
const DEEPEST = 64;

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c];
const [OBJECT, OBJECT_END, LIST, LIST_END] = [0x7b, 0x7d, 0x5b, 0x5d];

/** @throws SyntaxError for what is no JSON, is deeper than {@link DEEPEST}, or has two members of one name */
export function parseJson(text: string): unknown {
  const problem = structureProblem(text);
  if (problem !== undefined) throw new SyntaxError(problem);
  return JSON.parse(text) as unknown;
}

/** One pass, letter by letter: expressions over the tokens take a hundred times as long. Malformed JSON is left to the parser to report. */
function structureProblem(text: string): string | undefined {
  /** Of the objects that are open their names so far; of lists undefined. */
  const open: (Set<string> | undefined)[] = [];
  /** Where the last text begins, and where its closing quote is. */
  let [begin, end] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === QUOTE) {
      [begin, end] = [at, closingQuote(text, at)];
      if (end < 0) return undefined;
      at = end;
    } else if (letter === OBJECT || letter === LIST) {
      if (open.length === DEEPEST) return `it is nested more than ${DEEPEST} levels deep`;
      open.push(letter === OBJECT ? new Set() : undefined);
    } else if (letter === OBJECT_END || letter === LIST_END) open.pop();
    else if (letter === COLON) {
      // A text before a colon is a name.
      const quoted = text.slice(begin, end + 1);
      const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      const names = open.at(-1);
      if (names?.has(name) === true) return `the name ${quoted.slice(0, 60)} is there twice in one object`;
      names?.add(name);
    }
  }
  return undefined;
}

/** Of the text that begins at a quote; negative when it does not end. */
function closingQuote(text: string, begin: number): number {
  let end = begin;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return end;
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
}
