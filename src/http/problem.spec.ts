import { type Fault, refuseFaults, Problem } from './problem.js';

function bodyOf(faults: readonly Fault[]): unknown {
  try {
    refuseFaults(faults);
  } catch (error) {
    if (error instanceof Problem) return error.toBody('request-1');
  }
  return undefined;
}

const fault = { code: 'null', detail: 'is not accepted' } as const;

describe('faults of a request', () => {
  it('are no problem when there is none', () => {
    expect(bodyOf([])).toBeUndefined();
  });

  it.each<[Fault, string]>([
    [{ pointer: '#/billing_address/country', ...fault }, '/billing_address/country is not accepted.'],
    [{ pointer: '#', ...fault }, 'The body is not accepted.'],
    [{ parameter: 'limit', ...fault }, 'limit is not accepted.'],
    [{ header: 'If-Match', ...fault }, 'If-Match is not accepted.'],
    [{ pointer: `#/${'x'.repeat(200)}`, ...fault }, `/${'x'.repeat(99)}… is not accepted.`],
  ])('are named in detail and message: %j', (named, detail) => {
    expect(bodyOf([named])).toEqual({
      type: 'urn:billing-bff:problem:validation-failed',
      title: 'The request is not valid',
      status: 400,
      detail,
      instance: 'urn:billing-bff:request:request-1',
      code: 'BAD_REQUEST',
      message: detail,
      request_id: 'request-1',
      errors: [named],
    });
  });

  it.each([
    [2, 'a is not accepted; and 1 more fault.'],
    [3, 'a is not accepted; and 2 more faults.'],
  ])('are counted behind the first: %i', (count, detail) => {
    const faults = ['a', 'b', 'c'].slice(0, count).map((parameter) => ({ parameter, ...fault }));
    expect(bodyOf(faults)).toMatchObject({ detail, message: detail, errors: faults });
  });

  it.each([
    [100, 'a0 is not accepted; and 99 more faults.', {}],
    [101, 'a0 is not accepted; and at least 100 more faults.', { errors_truncated: true }],
  ])('are a hundred at most: of %i', (count, detail, truncated) => {
    const faults = Array.from({ length: count }, (_, index) => ({ parameter: `a${index}`, ...fault }));
    const body = bodyOf(faults);
    expect(body).toMatchObject({ detail, message: detail, errors: faults.slice(0, 100) });
    expect(body).toMatchObject(truncated);
  });
});
