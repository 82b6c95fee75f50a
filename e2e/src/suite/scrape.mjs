// Run inside a pod: fetches a URL with a token, if one is given, and prints the status and the text as JSON.
import { get as getPlain } from 'node:http';
import { get } from 'node:https';

const [url, token = ''] = process.argv.slice(1).filter((argument) => argument !== '--');
const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
const options = { headers, rejectUnauthorized: false, timeout: 15_000 };
const answer = await new Promise((resolve) => {
  const ask = url.startsWith('https:') ? get : getPlain;
  const request = ask(url, options, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += chunk));
    response.on('end', () => resolve({ status: response.statusCode, text }));
  });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  request.on('error', (error) => resolve({ status: 0, text: error.code ?? error.message }));
});
console.log(JSON.stringify(answer));
process.exit();
