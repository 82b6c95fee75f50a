/**
 * Run in a pod with a job and its namespace as arguments: knocks at the job's coordinator by HTTP/2, as gRPC does, and
 * prints who is served.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

const [job, namespace] = process.argv.slice(-2);
const host = `${job}-coordinator-0.${job}.${namespace}.svc`;
const file = (name) => readFileSync(`${process.env.WSI_TLS_DIRECTORY}/${name}`);

/** `served` when any response comes, whatever its gRPC status. */
function knock(scheme, options) {
  return new Promise((resolve) => {
    const session = connect(`${scheme}://${host}:7070`, options);
    const end = (answer) => {
      session.destroy();
      resolve(answer);
    };
    session.on('error', () => end('refused'));
    session.on('close', () => resolve('refused'));
    setTimeout(() => end('no answer'), 8000).unref();
    const headers = { ':method': 'POST', ':path': '/no.Service/Call', 'content-type': 'application/grpc' };
    const stream = session.request({ ...headers, te: 'trailers' });
    stream.on('response', () => end('served'));
    stream.on('error', () => end('refused'));
    stream.end();
  });
}

const trusting = { rejectUnauthorized: false, servername: host };
const answers = {
  'own certificate': await knock('https', { ...trusting, cert: file('tls.crt'), key: file('tls.key') }),
  'no certificate': await knock('https', trusting),
  'plain text': await knock('http', {}),
};
process.stdout.write(JSON.stringify(answers));
