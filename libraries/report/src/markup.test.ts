import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeMarkup, html } from './markup.ts';

describe('html', () => {
  it('escapes every value that is not markup, in text and in attributes', () => {
    const hostile = `"><script>alert('x')</script>&`;
    expect(html`<b title="${hostile}">${hostile}</b>`.text).toBe(
      '<b title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</b>',
    );
  });

  it('nests markup, joins lists, and writes nothing for absent values', () => {
    const items = ['a', 'b'].map((name) => html`<i>${name}</i>`);
    expect(html`<p>${items}${undefined}${false}${0}</p>`.text).toBe('<p><i>a</i><i>b</i>0</p>');
  });

  it('removes every character that XML forbids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeMarkup(`${text}\u0000\ud800\uffff`);
        expect(escaped).not.toMatch(/[<>"']|\uffff/);
        expect(escaped).not.toContain('\u0000');
        expect(escaped.isWellFormed()).toBe(true);
      }),
    );
  });
});
