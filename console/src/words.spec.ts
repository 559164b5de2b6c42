import { endingOf } from './words.js';

it('a patch that was taken, of which a field was ignored, did not do what was asked for', () => {
  const changes = [
    { field: 'phone', effect: 'applied' as const },
    { field: 'name', effect: 'ignored' as const },
  ];
  expect(endingOf('applied', changes)).toEqual({
    kind: 'bad',
    text: 'not all applied',
    meaning: 'The billing API took it, but not every field is what was asked for.',
  });
  expect(endingOf('applied', changes.slice(0, 1))).toEqual({
    kind: 'good',
    text: 'applied',
    meaning: 'The billing API shows what was asked for.',
  });
  expect(endingOf('not_applied', changes)).toEqual({
    kind: 'bad',
    text: 'not applied',
    meaning: 'It was proven not to have happened.',
  });
});
