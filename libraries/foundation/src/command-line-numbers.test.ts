import { describe, expect, it } from '@jest/globals';
import { decimalNumber, InvalidOptionValue, wholeNumber } from './command-line-numbers.ts';

const refusal = (parse: (text: string) => number, text: string): unknown => {
  try {
    return parse(text);
  } catch (error) {
    return error instanceof InvalidOptionValue ? error.message : error;
  }
};

describe('a whole number on a command line', () => {
  it.each(['', ' ', '-1', '+1', '1.5', '1e3', '0x10', 'many', '9007199254740993'])('is not %j', (text) => {
    expect(refusal(wholeNumber(), text)).toBe('It must be a whole number of at least 0.');
  });

  it('lies in its range, both ends of which belong to it', () => {
    const parse = wholeNumber({ least: 16, most: 8192 });
    expect([parse('16'), parse('8192'), parse('0016')]).toEqual([16, 8192, 16]);
    expect(refusal(parse, '15')).toBe('It must be a whole number from 16 to 8192.');
    expect(refusal(parse, '8193')).toBe('It must be a whole number from 16 to 8192.');
    expect(refusal(wholeNumber({ least: 1 }), '0')).toBe('It must be a whole number of at least 1.');
  });

  it('has a sign where the range has negative numbers', () => {
    const parse = wholeNumber({ least: -10, most: 10 });
    expect([parse('-10'), parse('+3')]).toEqual([-10, 3]);
  });
});

describe('a number on a command line', () => {
  it('is any finite one in its range', () => {
    expect([decimalNumber()('-0.5'), decimalNumber()('1e3')]).toEqual([-0.5, 1000]);
    for (const text of ['', ' ', 'Infinity', 'NaN', '1,5']) {
      expect(refusal(decimalNumber(), text)).toBe('It must be a number.');
    }
    expect(refusal(decimalNumber({ least: 0 }), '-1')).toBe('It must be a number of at least 0.');
  });
});
