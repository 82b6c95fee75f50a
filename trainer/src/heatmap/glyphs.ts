/** The few letters of a heatmap's legend as pixels: a container has no fonts, and a legend must not be empty there. */

export const GLYPH_HEIGHT = 9;
const GAP = 1;

/** Rows from the top, of which the last two are below the line; `#` is ink. */
const GLYPHS: Readonly<Record<string, readonly string[]>> = {
  ' ': ['   '],
  ',': ['', '', '', '', '', ' ##', ' ##', '  #', ' # '],
  '.': ['', '', '', '', '', '##', '##'],
  '/': ['    #', '    #', '   # ', '  #  ', ' #   ', '#    ', '#    '],
  '0': [' ### ', '#   #', '#  ##', '# # #', '##  #', '#   #', ' ### '],
  '1': ['  #  ', ' ##  ', '  #  ', '  #  ', '  #  ', '  #  ', ' ### '],
  '2': [' ### ', '#   #', '    #', '  ## ', ' #   ', '#    ', '#####'],
  '4': ['   # ', '  ## ', ' # # ', '#  # ', '#####', '   # ', '   # '],
  '5': ['#####', '#    ', '#### ', '    #', '    #', '#   #', ' ### '],
  '8': [' ### ', '#   #', '#   #', ' ### ', '#   #', '#   #', ' ### '],
  a: ['', '', ' ### ', '    #', ' ####', '#   #', ' ####'],
  c: ['', '', ' ### ', '#   #', '#    ', '#   #', ' ### '],
  e: ['', '', ' ### ', '#   #', '#####', '#    ', ' ### '],
  f: ['  ## ', ' #  #', ' #   ', '###  ', ' #   ', ' #   ', ' #   '],
  h: ['#    ', '#    ', '# ## ', '##  #', '#   #', '#   #', '#   #'],
  i: [' # ', '   ', '## ', ' # ', ' # ', ' # ', '###'],
  l: ['## ', ' # ', ' # ', ' # ', ' # ', ' # ', '###'],
  m: ['', '', '## # ', '# # #', '# # #', '# # #', '# # #'],
  n: ['', '', '# ## ', '##  #', '#   #', '#   #', '#   #'],
  o: ['', '', ' ### ', '#   #', '#   #', '#   #', ' ### '],
  r: ['', '', '# ## ', '##  #', '#    ', '#    ', '#    '],
  s: ['', '', ' ####', '#    ', ' ### ', '    #', '#### '],
  t: [' #   ', ' #   ', '###  ', ' #   ', ' #   ', ' #  #', '  ## '],
};

export function hasGlyphs(text: string): boolean {
  return Array.from(text).every((character) => GLYPHS[character] !== undefined);
}

export function textWidth(text: string): number {
  return Math.max(
    0,
    Array.from(text).reduce((sum, character) => sum + widthOf(character) + GAP, -GAP),
  );
}

/** Calls `ink` for every dark pixel of the text, from its top left corner. */
export function drawText(text: string, ink: (x: number, y: number) => void): void {
  let left = 0;
  for (const character of text) {
    for (const [y, row] of (GLYPHS[character] ?? []).entries()) {
      for (let x = 0; x < row.length; x++) if (row[x] === '#') ink(left + x, y);
    }
    left += widthOf(character) + GAP;
  }
}

function widthOf(character: string): number {
  return Math.max(0, ...(GLYPHS[character] ?? []).map(({ length }) => length));
}
