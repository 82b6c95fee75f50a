/** Lines of pods' logs for people (pure): structured ones as time, level, message and fields; others as they are. */
import { styleText } from 'node:util';
import { ownColours } from '../terminal/printable.ts';

type Style = Parameters<typeof styleText>[0];

export interface LineStyle {
  /** As the process wrote it. */
  readonly raw: boolean;
  /** With colours of the terminal. */
  readonly colour: boolean;
}

const LEVELS: ReadonlyMap<string, Style> = new Map<string, Style>([
  ['trace', 'gray'],
  ['debug', 'gray'],
  ['info', 'green'],
  ['warn', 'yellow'],
  ['error', 'red'],
  ['fatal', ['bold', 'red']],
]);
/** Pino's numbers, in case a process writes those. */
const NUMBERED: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** Said by the prefix already, or shown in their own place. */
const KNOWN_FIELDS = new Set([
  'level',
  'time',
  'job',
  'role',
  'replica',
  'message',
  'msg',
  'error',
  'err',
  'pid',
  'hostname',
]);

/** One line of a log, without its line break, for the writer of the terminal, which makes it printable. Never throws. */
export function formatLogLine(line: string, style: LineStyle): string {
  if (style.raw) return line;
  const entry = structured(line);
  if (entry === undefined) return line;
  const level = levelOf(entry['level']);
  const paint = (how: Style, text: string): string =>
    style.colour ? ownColours((part) => styleText(how, part, { validateStream: false }), text) : text;
  const fields = Object.entries(entry)
    .filter(([name]) => !KNOWN_FIELDS.has(name))
    .map(([name, value]) => paint('dim', `${name}=`) + fieldValue(value));
  const parts = [
    paint('dim', timeOf(entry['time'])),
    paint(LEVELS.get(level) ?? 'reset', level.toUpperCase().padEnd(5)),
    messageOf(entry),
    ...fields,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function structured(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) return undefined;
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return 'level' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}

function levelOf(level: unknown): string {
  if (typeof level === 'number') return NUMBERED.get(level) ?? String(level);
  return typeof level === 'string' ? level : '';
}

/** The time of day: whoever reads a log knows the date. */
function timeOf(time: unknown): string {
  const date = typeof time === 'string' || typeof time === 'number' ? new Date(time) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(11, 23);
}

function messageOf(entry: Readonly<Record<string, unknown>>): string {
  const said = entry['message'] ?? entry['msg'];
  const message = typeof said === 'string' ? said : '';
  const error = entry['error'] ?? entry['err'];
  const cause =
    typeof error === 'object' && error !== null ? (error as { readonly message?: unknown }).message : error;
  if (typeof cause !== 'string' || message.includes(cause)) return message;
  return message === '' ? cause : `${message}: ${cause}`;
}

function fieldValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value)) return value;
  return JSON.stringify(value);
}

/** For the prefixes, easily told apart; red and yellow are reserved for errors. */
const COLOURS: readonly Style[] = [
  'cyan',
  'magenta',
  'blue',
  'green',
  'cyanBright',
  'magentaBright',
  'blueBright',
];

/** `worker-1 | `, as wide as the longest name. */
export function linePrefix(name: string, width: number, colour: boolean): string {
  const text = `${name.padEnd(width)} | `;
  if (!colour) return text;
  const sum = Buffer.from(name).reduce((total, byte) => total * 31 + byte, 0);
  const colour_ = COLOURS[sum % COLOURS.length] ?? 'cyan';
  return ownColours((part) => styleText(colour_, part, { validateStream: false }), text);
}

/** A line as the API server gives it with `timestamps=true`: the time it was written, and the line. */
export function splitTimestamp(line: string): { readonly time: string; readonly text: string } {
  const match = /^(\d{4}-\d\d-\d\dT\S+?) (.*)$/s.exec(line);
  return match === null ? { time: '', text: line } : { time: match[1] ?? '', text: match[2] ?? '' };
}
