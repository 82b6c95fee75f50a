/** Tables as they leave spreadsheets, statistics programs and databases: read right, or refused with what they are. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readRows } from './table-rows.ts';
import { decodeTable } from './table-text.ts';

const columns = ['patient', 'slide', 'label'];
const good = 'patient,slide,label\np1,a,x\np2,b,y\n';

function rows(text: string): (string | undefined)[][] {
  return readRows(text, columns).rows.map(({ cells }) => columns.map((column) => cells[column]));
}

function lines(text: string): number[] {
  return readRows(text, columns).rows.map(({ line }) => line);
}

const plain = rows(good);

describe('readRows', () => {
  it.each<[string, string]>([
    ['semicolons', good.replaceAll(',', ';')],
    ['tabs', good.replaceAll(',', '\t')],
    ['vertical bars', good.replaceAll(',', '|')],
    ['CR only', good.replaceAll('\n', '\r')],
    ['CRLF', good.replaceAll('\n', '\r\n')],
    ['a header that ends with CRLF and rows that end with LF', good.replace('\n', '\r\n')],
    [
      'a header that ends with LF and rows that end with CRLF',
      good.replaceAll('\n', '\r\n').replace('\r\n', '\n'),
    ],
    ["Excel's sep=; before the header", `sep=;\r\n${good.replaceAll(',', ';').replaceAll('\n', '\r\n')}`],
    ['comments before the header', `#Patient\tSlide\n#STRING\tSTRING\n${good.replaceAll(',', '\t')}`],
    ['a byte-order mark', `\uFEFF${good}`],
    ['a trailing delimiter on every line', good.replaceAll('\n', ',\n')],
    ['blank lines', good.replaceAll('\n', '\n\n ,,\n\r\n')],
    ['an index column without a name', good.replaceAll(/^(p)/gm, ',$1')],
    ['quotes after blanks', 'patient, "slide", label\np1, "a", x\np2 ,"b" , y\n'],
    ['no-break spaces around names', good.replaceAll(',', '\u00a0,\u00a0')],
    ['other columns, one of them twice', 'x,patient,x,slide,label\n1,p1,2,a,x\n1,p2,"3,\n4",b,y\n'],
  ])('reads %s', (_, text) => {
    expect(rows(text)).toEqual(plain);
  });

  it('gives the line of each row, whatever the line endings', () => {
    const text = 'patient,slide,label\n\n"p\n1",a,x\np2,b,y\n';
    for (const end of ['\n', '\r\n', '\r']) {
      expect(lines(text.replaceAll('\n', end))).toEqual([3, 5]);
      expect(lines(`sep=,${end}${text.replaceAll('\n', end)}`)).toEqual([4, 6]);
    }
  });

  it('reports how it interpreted the text', () => {
    expect(readRows(good.replaceAll(',', ';'), columns).notes).toEqual([
      'the columns are separated by semicolons',
    ]);
    expect(readRows(good, columns).notes).toEqual([]);
    expect(readRows('Label,patient,slide,label\nz,p1,a,x\n', columns).notes).toEqual([
      "there are columns 'label' and 'Label': 'label' is read",
    ]);
  });

  it.each<[string, string, string]>([
    ['a column in another case', good.replace('label', 'Label'), "(did you mean 'Label'?)"],
    ['an invisible character', good.replace('label', 'la\u200bbel'), "(did you mean 'la\\u{200b}bel'?)"],
    ['another dash', 'patient id,slide,label\n1,a,x\n', "there is no column 'patient'"],
    ['a name twice', 'patient,slide,label,label\n1,a,x,y\n', "the column 'label' appears 2 times"],
    ['row names of R', 'patient,slide,label\n1,p1,a,x\n2,p2,b,y\n', 'a column of row names without a name'],
    ['delimiters at the end of rows only', `${good}p3,c,x,,\n`, 'what is too many is empty'],
    ['lines in quotes', '"patient,slide,label"\n"p1,a,x"\n', 'the whole line stands in quotes'],
    ['a formula of Excel', `${good}="3",c,x\n`, 'a quote stands inside a field'],
  ])('refuses %s', (_, text, message) => {
    expect(
      readRows(text, columns)
        .problems.map((problem) => problem.message)
        .join(),
    ).toContain(message);
  });
});

describe('decodeTable', () => {
  const utf16be = Buffer.from(good, 'utf16le').swap16();

  it.each<[string, Buffer]>([
    ['UTF-8', Buffer.from(good)],
    ['UTF-16 with a mark', Buffer.from(`\uFEFF${good}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(good, 'utf16le')],
    ['big-endian UTF-16 without a mark', utf16be],
  ])('reads %s', (_, bytes) => {
    expect(decodeTable(bytes, 't.csv')).toBe(good);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'Windows-1252',
      Buffer.from('patient\nM\u00fcller\n', 'latin1'),
      "line 2 may be Windows-1252 ('M\u00fcller')",
    ],
    ['a zero byte', Buffer.from(`${good}p3,\0,x\n`), 'line 4 holds a zero byte'],
    ['an Excel workbook', Buffer.from('PK\u0003\u0004....'), 'an Excel workbook'],
    ['gzip', gzipSync(good), 'compressed with gzip. Unpack it'],
    ['a web page', Buffer.from('<!DOCTYPE html><table>'), 'a web page'],
    ['JSON', Buffer.from('[{"patient": 1}]'), 'JSON'],
    ['a slide', Buffer.from('II*\0'), 'a TIFF'],
    ['a pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'git lfs pull'],
  ])('says that a table is %s', (_, bytes, message) => {
    expect(() => decodeTable(bytes, 't.csv')).toThrow(message);
  });
});
