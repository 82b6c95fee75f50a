/**
 * How large a coordinator's Status reply may be. The coordinator runs whatever image and command the job's author has
 * chosen, so its answer is counted on the wire (https://protobuf.dev/programming-guides/encoding) before any object is
 * made of it: two bytes can be an object of 300.
 */
import { WsiError } from '@wsi-operator/foundation';

/** Of a whole reply, in bytes. With 999 workers, 64 sizes and 200 metrics it has about 150 KiB. */
export const MOST_REPLY_BYTES = 256 * 1024;
/** Fields of a reply, those of its parts counted in: each becomes a number, a text or an object. */
export const MOST_REPLY_FIELDS = 16_384;

/** What a field with a length may be: a text of so many bytes at most, or a message with fields of its own. */
interface Bounds {
  /** As it is called in messages to people. */
  readonly name: string;
  /** How often it may come. */
  readonly most: number;
  readonly longest?: number;
  readonly fields?: Readonly<Record<number, Bounds>>;
}

const text = (name: string, longest: number, most = 1): Bounds => ({ name, most, longest });
const message = (name: string, fields: Readonly<Record<number, Bounds>>, most = 1): Bounds => ({
  name,
  most,
  fields,
});
/** A map is a list of messages of a key (1) and a value (2). */
const map = (name: string, most: number, value: Readonly<Record<number, Bounds>> = {}): Bounds =>
  message(name, { 1: text(`key of ${name}`, 64), ...value }, most);

const measuredWindow = (name: string, most: number): Bounds =>
  message(name, { 6: map('phase_seconds', 64) }, most);

/** By the numbers in training.proto. A field that is not named here is one of another version, or a number. */
const STATUS_REPLY = message('StatusReply', {
  1: text('phase', 64),
  9: map('metrics', 256),
  10: text('parameters_sha256', 128),
  12: map('peak_memory_bytes', 16),
  15: text('message', 16 * 1024),
  18: map('phase_seconds', 64),
  20: message('measurement', {
    1: message('workload', {}),
    2: text('device', 64),
    3: measuredWindow('observations', 128),
    4: measuredWindow('window', 1),
    5: message('workers', { 2: text('instance', 128) }, 1024),
    6: map('memory', 16, { 2: message('RoleMemory', { 5: message('peaks', {}, 256) }) }),
  }),
});

/** @throws WsiError `InvalidArgument` for a reply that is larger than any coordinator's, or that is none */
export function checkReplyBounds(bytes: Uint8Array): void {
  if (bytes.length > MOST_REPLY_BYTES) tooMuch('bytes', MOST_REPLY_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  new Count(view).message(STATUS_REPLY, 0, bytes.length);
}

class Count {
  readonly #view: DataView;
  #fields = 0;
  #at = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Counts what is from `start` to `end`, and in the messages therein. */
  message(bounds: Bounds, start: number, end: number): void {
    const times = new Map<Bounds, number>();
    this.#at = start;
    while (this.#at < end) {
      this.#fields += 1;
      if (this.#fields > MOST_REPLY_FIELDS) tooMuch('fields', MOST_REPLY_FIELDS);
      const tag = this.#number(end);
      this.#value(bounds.fields?.[tag >>> 3], tag & 7, times, end);
    }
    // A varint that runs over the end of its message.
    if (this.#at !== end) notAReply();
  }

  #value(bounds: Bounds | undefined, wireType: number, times: Map<Bounds, number>, end: number): void {
    if (wireType === 0) this.#skipVarint(end);
    else if (wireType === 1) this.#skip(8, end);
    else if (wireType === 5) this.#skip(4, end);
    else if (wireType === 2) {
      const length = this.#number(end);
      const start = this.#at;
      this.#skip(length, end);
      if (bounds !== undefined) this.#bounded(bounds, times, start, length);
    } else notAReply();
  }

  #bounded(bounds: Bounds, times: Map<Bounds, number>, start: number, length: number): void {
    const { name, most, longest = length, fields } = bounds;
    if (length > longest) tooMuch(`bytes of ${name}`, longest);
    const count = (times.get(bounds) ?? 0) + 1;
    times.set(bounds, count);
    if (count > most) tooMuch(name, most);
    if (fields === undefined) return;
    this.message(bounds, start, start + length);
    this.#at = start + length;
  }

  /** A tag or a length: at most 32 bits. */
  #number(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#at >= end) notAReply();
      const byte = this.#view.getUint8(this.#at);
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return notAReply();
  }

  #skipVarint(end: number): void {
    for (let count = 0; count < 10; count += 1) {
      if (this.#at >= end) notAReply();
      const byte = this.#view.getUint8(this.#at);
      this.#at += 1;
      if (byte < 0x80) return;
    }
    notAReply();
  }

  #skip(length: number, end: number): void {
    if (length > end - this.#at) notAReply();
    this.#at += length;
  }
}

function tooMuch(what: string, most: number): never {
  throw new WsiError('InvalidArgument', `the reply has more than ${most} ${what}`);
}

function notAReply(): never {
  throw new WsiError('InvalidArgument', 'the reply is not a StatusReply');
}
