/**
 * Run in a pod with a host and a port as arguments: knocks at a role of a job without the job's certificate, and prints
 * what came of each try: `served` (any answer of the application), `refused`, or `no connection`.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { connect as connectHttp } from 'node:http2';
import { connect as connectTcp } from 'node:net';

const [host, port] = process.argv.slice(-2);
const WAIT = 8_000;

/** Whether anyone listens at all. */
const reached = await new Promise((resolve) => {
  const socket = connectTcp({ host, port: Number(port) });
  const end = (answer) => (socket.destroy(), resolve(answer));
  socket.on('connect', () => end(true)).on('error', () => end(false));
  setTimeout(() => end(false), WAIT).unref();
});

function ask(scheme, options = {}) {
  return new Promise((resolve) => {
    const session = connectHttp(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`, options);
    const end = (answer) => (session.destroy(), resolve(answer));
    session.on('error', () => end('refused')).on('close', () => resolve('refused'));
    setTimeout(() => end('refused'), WAIT).unref();
    const path = '/wsi.v1alpha1.Coordinator/Status';
    const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(head);
    stream.on('response', () => end('served')).on('error', () => end('refused'));
    stream.end(Buffer.alloc(5));
  });
}

/** Bytes that are no protocol's: an answer would be more than the alert of TLS, which has seven bytes. */
function garbage() {
  return new Promise((resolve) => {
    let bytes = 0;
    const socket = connectTcp({ host, port: Number(port) }, () => socket.write(Buffer.alloc(65_536, 7)));
    const end = () => (socket.destroy(), resolve(bytes > 7 ? 'served' : 'refused'));
    socket
      .on('data', (chunk) => (bytes += chunk.length))
      .on('error', end)
      .on('close', end);
    setTimeout(end, WAIT).unref();
  });
}

/** A hundred open at once; that others are served meanwhile the suite sees for itself. */
async function holdMany() {
  const sockets = await Promise.all(
    Array.from(
      { length: 100 },
      () =>
        new Promise((resolve) => {
          const socket = connectTcp({ host, port: Number(port) }, () => resolve(socket));
          socket.on('error', () => resolve(undefined));
        }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  for (const socket of sockets) socket?.destroy();
  return 'held';
}

const trusting = { rejectUnauthorized: false };
const own = () => ({ ...trusting, ...selfSigned() });
const tries = {
  'no certificate': () => ask('https', trusting),
  'a certificate of its own': () => ask('https', own()),
  'plain text': () => ask('http'),
  garbage,
  'a hundred connections that say nothing': holdMany,
};
const answers = {};
for (const [name, attempt] of Object.entries(tries))
  answers[name] = reached ? await attempt() : 'no connection';
process.stdout.write(JSON.stringify(answers));

/** The smallest certificate: X.509 v1, Ed25519, `CN=operator` as issuer and subject. */
function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = (tag, ...parts) => {
    const content = Buffer.concat(parts);
    const length =
      content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  const algorithm = der(0x30, Buffer.from('06032b6570', 'hex'));
  const name = der(
    0x30,
    der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('operator')))),
  );
  const time = (text) => der(0x17, Buffer.from(text));
  const body = der(
    0x30,
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    der(0x30, time('200101000000Z'), time('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign(null, body, privateKey);
  const certificate = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').replace(/(.{64})/g, '$1\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
