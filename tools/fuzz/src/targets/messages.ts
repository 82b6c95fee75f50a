/** What other machines send: checkpoints, lists of a store, replies of a coordinator. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WsiError } from '@wsi-operator/foundation';
import { S3Store } from '@wsi-operator/slides';
import { checkReplyBounds } from '@wsi-operator/protocol';
import {
  type Cursor,
  cursorDigest,
  decodeSafetensors,
  encodeSafetensors,
  parseCursor,
  storedDescription,
} from '@wsi-operator/trainer/testing/fuzzing';
import type { FuzzTarget } from '../target.ts';

const JSON_WORDS = [
  '[',
  ']',
  '{',
  '}',
  '"',
  ':',
  ',',
  'null',
  'true',
  '-1',
  '1e308',
  '9007199254740993',
  '"a":',
  '__proto__',
  '\\u0000',
];

const tensors: FuzzTarget = {
  name: 'safetensors',
  seeds: async () => {
    const file = encodeSafetensors(
      [
        { name: 'a', shape: [2, 3], values: new Float32Array(6) },
        { name: 'b', shape: [4], values: new Float32Array(4) },
      ],
      { step: '1' },
    );
    return [Buffer.from(file)];
  },
  words: [...JSON_WORDS, '"F32"', '"shape":[', '"data_offsets":[0,', '"__metadata__":{'],
  run: async (input) => {
    const invalid = (problem: string): WsiError =>
      new WsiError('CheckpointInvalid', problem, { where: 'model.safetensors', remedy: 'Use another one.' });
    const found = decodeSafetensors(input, invalid);
    const bytes = [...found.values()].reduce((sum, { values }) => sum + values.byteLength, 0);
    if (bytes > input.length) throw new RangeError(`${bytes} bytes of ${input.length}`);
  },
};

const MODEL = {
  network: { encoder: { name: 'tiny' }, aggregator: { name: 'attention', hidden: 16 }, tileSize: 64 },
  head: { name: 'classification', classes: 2, hidden: 0 },
  classes: ['a', 'b'],
  patches: { size: 64, level: 0, batch: 4, tissue: { method: 'none', minimumFraction: 0 } },
  threads: 1,
};
const CURSOR: Cursor = {
  format: 1,
  step: 1,
  identity: 'i',
  parametersSha256: 'p',
  tiles: 1,
  trainingSeconds: 1,
  model: MODEL,
  cohort: { bag: 'slide', patients: { train: ['0123'] }, slides: {} },
  files: { 'model.safetensors': 'd' },
};

const cursor: FuzzTarget = {
  name: 'checkpoint-cursor',
  seeds: async () => {
    // A digest would refuse every mutation; who writes a checkpoint writes its digest, too.
    const signed: Cursor = { ...CURSOR, format: 2 };
    return [CURSOR, { ...signed, sha256: cursorDigest(signed) }].map((value) =>
      Buffer.from(JSON.stringify(value)),
    );
  },
  words: [
    ...JSON_WORDS,
    '"threads":1000000',
    '"hidden":1e9',
    '"cacheBytes":"1Ei"',
    '"classes":[',
    '"format":1',
  ],
  run: async (input) => {
    const parsed = parseCursor(input.toString('utf8'));
    const refused = (problem: string): WsiError =>
      new WsiError('CheckpointInvalid', problem, { where: 'cursor.json', remedy: 'Use another checkpoint.' });
    if (typeof parsed === 'string') throw refused(parsed);
    try {
      storedDescription(parsed.model);
    } catch (error) {
      if (error instanceof WsiError) throw refused(error.message);
      throw error;
    }
  },
};

const contents = (key: string): string =>
  `<Contents><Key>${key}</Key><Size>5</Size><ETag>"e"</ETag></Contents>`;
const LISTING =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>' +
  `<Prefix>p/</Prefix><IsTruncated>false</IsTruncated>${contents('p/a.svs')}${contents('p/b&amp;c.svs')}</ListBucketResult>`;

function listings(): FuzzTarget {
  let answer: Uint8Array = Buffer.alloc(0);
  let started: Promise<{ server: Server; store: S3Store }> | undefined;
  const start = async (): Promise<{ server: Server; store: S3Store }> => {
    process.env['AWS_ACCESS_KEY_ID'] ??= 'fuzzer';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'fuzzer';
    const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    const store = new S3Store({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      pause: () => Promise.resolve(),
    });
    return { server, store };
  };
  return {
    name: 's3-listing',
    seeds: async () => [
      Buffer.from(LISTING),
      Buffer.from('<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>'),
    ],
    words: [
      '<Contents>',
      '<Key>',
      '</Key>',
      '<Size>-1</Size>',
      '<Size>1e400</Size>',
      '<!--',
      '<![CDATA[',
      '<!DOCTYPE a [<!ENTITY b "bbbb">]>',
      '&b;',
      '&#0;',
      '<NextContinuationToken>t</NextContinuationToken>',
      '<IsTruncated>true</IsTruncated>',
      '__proto__',
      '<a>',
    ],
    run: async (input) => {
      started ??= start();
      const { store } = await started;
      answer = input;
      for await (const { key, bytes } of store.list({ bucket: 'b', key: 'p/' })) {
        if (typeof key !== 'string' || typeof bytes !== 'number') throw new TypeError('no key, or no size');
      }
    },
    // What the vendor's parser says of malformed XML is reported as an unusable answer.
    close: async () => {
      const running = await started;
      await running?.store.close();
      running?.server.closeAllConnections();
      running?.server.close();
    },
  };
}

const reply: FuzzTarget = {
  name: 'status-reply',
  seeds: async () => [
    // phase "Training"; metrics { a: 1 }; measurement { device: "cpu" }
    Buffer.from('0a08547261696e696e674a0c0a016111000000000000f03fa201051203637075', 'hex'),
  ],
  words: [
    '\x0a\x08',
    '\x4a\x0c',
    '\xa2\x01',
    '\xff\xff\xff\xff\x0f',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
    '\x0b',
    '\x0c',
  ],
  run: async (input) => checkReplyBounds(input),
  // Who receives it says whose reply it was.
  accepts: (error) => error instanceof WsiError,
};

export const messageTargets: readonly FuzzTarget[] = [tensors, cursor, listings(), reply];
