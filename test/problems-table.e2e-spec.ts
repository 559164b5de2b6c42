import { PROBLEMS, type ProblemSlug } from '../src/http/problem.js';
import { exampleOf } from '../src/http/problem-examples.js';
import { SETTINGS, TABLE } from './support/problem-table.js';
import { ACME_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import type { TestUpstream } from './support/upstream.js';

describe('a problem', () => {
  let bff: TestBff;
  let usual: TestUpstream['answer'];
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
    usual = bff.upstream.answer;
  });
  beforeEach(async () => {
    await bff.forgetFailures();
    bff.upstream.answer = usual;
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  /** Without what is different in each answer: ids, and the limit that the test sets. */
  const alike = (body: object): unknown =>
    JSON.parse(
      JSON.stringify(body)
        .replace(/send \d+ requests/g, 'send N requests')
        .replace(/"(instance|request_id|operation_id)":"[^"]*"/g, '"$1":""'),
    );

  it.each(Object.entries(TABLE))(
    'is answered as the table says: %s',
    async (slug, { status, code, cause, outcome, asked = [], headers = {} }) => {
      const answer = await cause(bff);

      const body = answer.body as Record<string, unknown>;
      const operationId = answer.headers.get('x-operation-id');
      expect(body).toMatchObject({
        type: `urn:billing-bff:problem:${slug}`,
        title: expect.any(String) as unknown,
        status,
        detail: expect.any(String) as unknown,
        instance: expect.any(String) as unknown,
        code,
        message: body['detail'],
        request_id: answer.headers.get('x-request-id'),
      });
      expect(alike(body)).toEqual(alike(exampleOf(slug as ProblemSlug, 'patch')));
      expect(body['outcome']).toBe(outcome);
      if (outcome !== undefined) expect(body['operation_id']).toBe(operationId);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.has('location')).toBe(outcome === 'unknown');
      for (const [name, pattern] of Object.entries(headers))
        expect(answer.headers.get(name)).toMatch(pattern);
      expect(bff.upstream.methods).toEqual(asked);
      const leaks = [ACME_TOKEN, '127.0.0.1', 'localhost', 'node_modules', 'eyJ', 'hidden_event'];
      for (const leak of leaks) expect(JSON.stringify(body)).not.toContain(leak);
      expect(bff.logs()).not.toContain(ACME_TOKEN);
    },
  );
});

it('has a row in the table for every problem that there is', () => {
  expect(Object.keys(TABLE).sort()).toEqual(Object.keys(PROBLEMS).sort());
});
