/** Names of files for slides: short, the same every time, and never two for one, also where upper and lower case are alike. */
import { basename, dirname, extname } from 'node:path';

/** File systems take so many bytes; endings are added to the name. */
const LONGEST = 180;

/**
 * @param slides paths, each once
 * @param taken names that are in use already, by others
 * @returns by path: the slide's base name where no other has it; else with its ending, its directory, or a number
 */
export function outputNames(slides: readonly string[], taken: Iterable<string> = []): Map<string, string> {
  const used = new Set(Array.from(taken, folded));
  const names = new Map<string, string>();
  const groups = Map.groupBy(slides, (slide) => folded(plain(basename(slide, extname(slide)))));
  for (const group of groups.values()) {
    const [name] =
      group.length === 1 ? [byBase] : [[byFile, byPlace, byDirectory].find((by) => isUnique(group.map(by)))];
    for (const slide of group) {
      const free = freeName((name ?? byDirectory)(slide), used);
      used.add(folded(free));
      names.set(slide, free);
    }
  }
  return names;
}

const byBase = (slide: string): string => plain(basename(slide, extname(slide)));
const byFile = (slide: string): string => plain(basename(slide));
const byPlace = (slide: string): string => plain(`${basename(dirname(slide))}-${byBase(slide)}`);
const byDirectory = (slide: string): string => plain(`${basename(dirname(slide))}-${basename(slide)}`);

function isUnique(names: readonly string[]): boolean {
  return new Set(names.map(folded)).size === names.length;
}

function freeName(wanted: string, used: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!used.has(folded(name))) return name;
  }
}

/** macOS and Windows take two names for one that differ in case or in the form of an accent only. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Without what some file system does not take, and not too long. */
function plain(name: string): string {
  // eslint-disable-next-line no-control-regex
  const safe = name.replaceAll(/[\u0000-\u001f<>:"/\\|?*]/g, '_').replace(/^\.+/, '_') || '_';
  let short = safe;
  while (Buffer.byteLength(short) > LONGEST) short = short.slice(0, -1);
  return short;
}
