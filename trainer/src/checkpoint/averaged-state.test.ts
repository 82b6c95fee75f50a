import { expect, it } from '@jest/globals';
import { shownState, trainedState } from './averaged-state.ts';

const parameters = Float32Array.of(1, 2);
const average = Float32Array.of(3, 4);
const momentum = Float32Array.of(5, 6);

it('shows the average as the model, and training goes on from what it left', () => {
  const held = { parameters, state: { momentum, average } };
  const shown = shownState(held);
  expect(shown).toEqual({ parameters: average, state: { momentum, trained: parameters } });
  expect(trainedState(shown, 'here')).toEqual(held);
});

it('changes nothing without an average, and refuses parameters of another length', () => {
  const held = { parameters, state: { momentum } };
  expect(shownState(held)).toEqual(held);
  expect(trainedState(held, 'here')).toEqual(held);
  const short = { parameters, state: { trained: Float32Array.of(1) } };
  expect(() => trainedState(short, 'here')).toThrow('1 numbers, not 2');
});
