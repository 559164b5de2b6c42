import { causesOf } from './logger.js';

const failure = (code: string, message: string): Error =>
  new Error('not for the log', { cause: Object.assign(new Error(message), { name: 'error', code }) });

it('says which table or function an account lacks rights on: the server’s words have a name of the schema and no data', () => {
  expect(causesOf(failure('42501', 'permission denied for table customer_alias'))).toEqual([
    { type: 'Error' },
    { type: 'error', code: '42501', message: 'permission denied for table customer_alias' },
  ]);
});

it('keeps the text of other errors of the server back: it may have data', () => {
  expect(causesOf(failure('23505', 'Key (alias)=(jane) already exists.'))).toEqual([
    { type: 'Error' },
    { type: 'error', code: '23505' },
  ]);
});
