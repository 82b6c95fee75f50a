/**
 * What an endpoint of a store must not be without a word of the job, by its spelling. The operator and the client of S3
 * judge it again, by the address itself and by what a name leads to; these rules let `kubectl apply` report it at once.
 */
import { LINK_LOCAL_IPV4 } from '@wsi-operator/foundation';
import type { Rule } from '../schema/node.ts';

const START = '^https?://';
/** After a host that is no address of IPv6. */
const END = '(:|/|$)';
/** After an address of IPv6, within its brackets. */
const CLOSED = '[^0-9A-Fa-f:.]';
const BYTE = '(0|[1-9][0-9]{0,2})';

/** Hexadecimal digits in either case, and leading zeros or none. */
function groupOf(high: number, low: number): string {
  const text = (high * 256 + low).toString(16);
  const digits = text.replace(/[a-f]/gu, (one) => `[${one}${one.toUpperCase()}]`);
  return text.length === 4 ? digits : `0{0,${4 - text.length}}${digits}`;
}

/** Blocks of IPv4 are of 16 bits or of one address, in their own words or in those of IPv6. */
const blocks = LINK_LOCAL_IPV4.map(({ network, length }) => {
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
  const [high, low] = [groupOf(a, b), groupOf(c, d)];
  return length === 16
    ? { plain: `${a}[.]${b}[.]`, within: `(${a}[.]${b}[.]|${high}:)`, leading: `${high}:` }
    : {
        plain: `${network.replaceAll('.', '[.]')}${END}`,
        within: `(${network.replaceAll('.', '[.]')}|${high}:${low})${CLOSED}`,
        leading: `${high}:${low}:`,
      };
});
const plain = blocks.map((of) => of.plain).join('|');
const within = blocks.map((of) => of.within).join('|');
const leading = blocks.map((of) => of.leading).join('|');

const LINK_LOCAL_IPV6 = [
  '[fF][eE][89abAB][0-9A-Fa-f]:',
  '[fF][dD]00:0?[eE][cC]2:',
  `[fF][dD]20:0{0,2}[cC][eE]:[0:]*:?0?254${CLOSED}`,
  // Addresses of IPv4: as they are, mapped, translated.
  `[0:]*:([fF]{4}:(0{1,4}:)?)?(${within})`,
  `0{0,2}64:[fF][fF]9[bB]:(0{0,3}1:)?[0:]*(${within})`,
  `2002:(${leading})`,
].join('|');

const LOOPBACK_IPV4 = `127([.]${BYTE}){3}`;
const LOOPBACK_IPV6 = `0{0,3}1|[fF]{4}:(${LOOPBACK_IPV4}|7[fF][0-9A-Fa-f]{2}:[0-9A-Fa-f]{1,4})`;
const LOOPBACK = `(localhost[.]?|${LOOPBACK_IPV4})${END}|[[][0:]*:(${LOOPBACK_IPV6})${CLOSED}`;

const ALLOWED_INSECURE = 'has(self.insecure) && self.insecure';
const ALLOWED_LINK_LOCAL = 'has(self.linkLocal) && self.linkLocal';

export const endpointRules: readonly Rule[] = [
  {
    // Whoever resolves names takes 0xa9fea9fe, 2852039166 and 169.16689662 for 169.254.169.254.
    cel: `!has(self.endpoint) || !self.endpoint.matches('${START}([A-Za-z0-9._-]*[.])?(0[xX][0-9A-Fa-f]*|[0-9]+)[.]?${END}') || self.endpoint.matches('${START}(${BYTE}[.]){3}${BYTE}${END}')`,
    message: 'endpoint must spell an address as four decimal numbers, such as 10.1.2.3',
    field: 'endpoint',
  },
  {
    cel: `!has(self.endpoint) || !self.endpoint.startsWith('http://') || self.endpoint.matches('^http://(${LOOPBACK})') || (${ALLOWED_INSECURE})`,
    message:
      'endpoint must be https:// unless insecure is true: who is on the way reads the slides and can change them',
    field: 'endpoint',
    remedy: 'Write https://, or insecure: true beside it.',
  },
  {
    cel: `!has(self.endpoint) || !self.endpoint.matches('${START}(${plain}|[[](${LINK_LOCAL_IPV6}))') || (${ALLOWED_LINK_LOCAL})`,
    message:
      'endpoint must not be a link-local address unless linkLocal is true: clouds have their metadata service and its credentials there',
    field: 'endpoint',
    remedy: 'Correct the endpoint, or write linkLocal: true beside it.',
  },
];
