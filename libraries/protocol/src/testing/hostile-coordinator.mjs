/**
 * A coordinator that does harm: it answers the operator's question for the status in every way that a process of a
 * stranger's can, one after the other, with an honest answer between any two. Of Node alone, so that it runs where a job's
 * command runs. HOSTILE_HOST and HOSTILE_PORT say where it listens, HOSTILE_WAYS which ways it goes (`all`, names with commas
 * between them, or `none`: an honest one). With WSI_TLS_DIRECTORY it has a certificate. Each way is a line on the standard output when it has been gone.
 */
import { readFileSync } from 'node:fs';
import { createSecureServer, createServer } from 'node:http2';
import { clearInterval, setInterval } from 'node:timers';
import { gzipSync } from 'node:zlib';

const { HOSTILE_HOST: host = '::', HOSTILE_PORT: port = '7070', HOSTILE_WAYS: chosen = 'all' } = process.env;

// What a StatusReply is on the wire; the numbers are those of training.proto.
const varint = (value) => {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
};
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const double = (field, value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
};
const part = (field, ...parts) => {
  const content = Buffer.concat(parts.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};
const times = (count, of) => Array.from({ length: count }, (_unused, index) => of(index));

let step = 1;
const honest = () =>
  Buffer.concat([part(1, 'training'), number(2, (step += 1)), number(3, 100_000), double(16, 0.1)]);
const framed = (message, compressed = false) => {
  const head = Buffer.from([compressed ? 1 : 0, 0, 0, 0, 0]);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

/** Each is given the stream of one question. */
const respond = (stream, message, headers = {}, trailers = {}) => {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...headers },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', ...trailers }));
  stream.end(message);
};
const reply =
  (...parts) =>
  (stream) =>
    respond(stream, framed(Buffer.concat([honest(), ...parts])));
const hugest = Number.MAX_SAFE_INTEGER;

const WAYS = {
  megabytes: reply(...times(60_000, (i) => part(9, part(1, `${i}`.padEnd(28, 'x')), double(2, i)))),
  'one long text': reply(part(15, 'x'.repeat(2.5 * 2 ** 20))),
  'as much as is taken': reply(
    part(15, 'x'.repeat(16_000)),
    ...times(200, (i) => part(9, part(1, `m${i}`), double(2, i))),
  ),
  'a compressed bomb': (stream) =>
    respond(stream, framed(gzipSync(Buffer.alloc(64 * 2 ** 20)), true), { 'grpc-encoding': 'gzip' }),
  'empty objects': reply(part(20, ...times(120_000, () => part(3)))),
  'long names': reply(...times(200, (i) => part(9, part(1, `${i}`.padEnd(7_000, 'x')), double(2, i)))),
  'some long names': reply(...times(30, (i) => part(9, part(1, `${i}`.padEnd(7_000, 'x')), double(2, i)))),
  'no workload': reply(part(20, part(4), part(5), part(6, part(1, 'worker')))),
  'no numbers': reply(
    ...[double(7, Number.NaN), double(8, Infinity), double(16, -1), number(2, hugest), number(6, hugest)],
    part(20, part(1, double(1, Number.NaN), double(2, 1e308)), part(3, number(1, hugest), double(3, -1e308))),
  ),
  garbage: (stream) => respond(stream, framed(Buffer.alloc(1_000, 255))),
  'wrong frame': (stream) => respond(stream, Buffer.from([0, 255, 255, 255, 255, 1])),
  trailers: (stream) => respond(stream, framed(honest()), {}, { 'grpc-message': 'x'.repeat(60_000) }),
  headers: (stream) =>
    respond(stream, framed(honest()), Object.fromEntries(times(1_000, (i) => [`x-${i}`, 'x'.repeat(50)]))),
  refusal: (stream) =>
    respond(stream, Buffer.alloc(0), {}, { 'grpc-status': '13', 'wsi-error-code': 'x'.repeat(9_000) }),
  'many messages': (stream) => respond(stream, Buffer.concat(times(10_000, () => framed(honest())))),
  silence: () => undefined,
  'no end': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const head = Buffer.from([0, 0, 0, 0, 0]);
    head.writeUInt32BE(200_000, 1);
    stream.write(head);
    const drip = setInterval(() => stream.write('x'), 50);
    stream.on('close', () => clearInterval(drip));
  },
};

const ways = Object.entries(WAYS).filter(([name]) => chosen === 'all' || chosen.split(',').includes(name));
let asked = 0;
const directory = process.env['WSI_TLS_DIRECTORY'];
const file = (name) => readFileSync(`${directory}/${name}`);
const server =
  directory === undefined
    ? createServer()
    : createSecureServer({
        cert: file('tls.crt'),
        key: file('tls.key'),
        ca: file('ca.crt'),
        requestCert: true,
      });
server.on('sessionError', () => undefined);
server.on('session', (session) => session.on('error', () => undefined));
server.on('stream', (stream) => {
  stream.on('error', () => undefined);
  stream.resume();
  asked += 1;
  if (asked % 2 === 1 || ways.length === 0) {
    respond(stream, framed(honest()));
    return;
  }
  const [name, way] = ways[(asked / 2 - 1) % ways.length];
  // After the answer, or once it is plain that the caller takes no more of it.
  stream.on('close', () => process.stdout.write(`${name}\n`));
  try {
    way(stream);
  } catch (error) {
    process.stdout.write(`${name} (${error.code})\n`);
    stream.destroy();
  }
});
server.listen(Number(port), host, () => process.stdout.write(`listens with ${ways.length} ways\n`));
// Some ways break a connection in the middle: the next question comes on another.
process.on('uncaughtException', (error) => process.stdout.write(`${error.message}\n`));
