import { startBff, type StoredEvent, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

/** As it is before. */
const BEFORE = { ...CUSTOMER, name: 'Globex GmbH', currency: 'USD' };

let bff: TestBff;
beforeEach(async () => {
  await bff.forgetFailures();
  bff.upstream.requests.length = 0;
});
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300' } });
});
afterAll(() => bff.stop());

const answered =
  (status: number, body = '{"code":"X","message":"told"}'): TestUpstream['answer'] =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);

type End = [string, number, string, number | null, TestUpstream['answer']];

describe('a patch that is not applied has an outcome that says so', () => {
  it.each<End>([
    ['400', 400, 'rejected', 400, answered(400)],
    ['422', 400, 'rejected', 422, answered(422)],
    ['404', 404, 'rejected', 404, answered(404, '{"code":"NOT_FOUND","message":"told"}')],
    ['409', 409, 'rejected', 409, answered(409)],
    ['401', 502, 'not_applied', 401, answered(401)],
    ['403', 502, 'not_applied', 403, answered(403)],
    ['500', 502, 'unknown', 500, answered(500)],
    ['502', 502, 'unknown', 502, answered(502)],
    ['an unreadable 200', 502, 'unknown', 200, answered(200, '<html>')],
    ['a reset', 502, 'unknown', null, (_request, response) => void response.socket?.destroy()],
    ['no answer', 504, 'unknown', null, () => undefined],
  ])('%s', async (_, status, outcome, upstreamStatus, answer) => {
    bff.upstream.readAs(BEFORE, answer);
    const got = await bff.patch({ name: 'Acme GmbH', currency: 'EUR' });
    // What is not clear is looked at.
    expect(bff.upstream.methods).toEqual(outcome === 'unknown' ? ['GET', 'PATCH', 'GET'] : ['GET', 'PATCH']);
    expect(got.status).toBe(status);
    const [intent, end, ...others] = await eventsOf(got);
    expect(others).toEqual([]);
    expect(intent).toMatchObject({ phase: 'intent', outcome: 'pending', status: null });
    const effect = outcome === 'unknown' ? 'unverifiable' : 'not_applied';
    expect(end).toMatchObject({
      phase: 'outcome',
      outcome,
      status,
      upstream: { status: upstreamStatus, attempts: 1 },
      target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
    });
    expect(end?.['changes']).toEqual([
      { field: 'name', effect },
      { field: 'currency', effect },
    ]);
    expect(JSON.stringify([intent, end])).not.toContain('told');
    expect(got.headers.get('location')).toBe(
      outcome === 'unknown' ? `/api/v1/operations/${operationOf(got)}` : null,
    );
    if (outcome === 'unknown') expect(got.body).toMatchObject({ outcome, operation_id: operationOf(got) });

    const operation = await bff.send('GET', `/api/v1/operations/${operationOf(got)}`);
    expect(operation.body).toMatchObject({
      id: operationOf(got),
      status: outcome,
      changes: [
        { field: 'name', before: 'G***', after: 'A***', effect },
        { field: 'currency', before: 'USD', after: 'EUR', effect },
      ],
    });
  });

  it('nothing listens any more', async () => {
    // No connection of before is left: the patch needs a new one.
    await bff.upstream.stop();
    await bff.upstream.listen();
    bff.upstream.answer = (_request, response) => {
      response.once('finish', () => void bff.upstream.stop());
      answerJson(response, 200, BEFORE, { Connection: 'close' });
    };
    const got = await bff.patch({ name: 'Acme GmbH' });
    await bff.upstream.listen();
    expect(got).toMatchObject({ status: 502, body: { outcome: 'not_applied' } });
    expect(got.headers.has('location')).toBe(false);
    expect(bff.upstream.methods).toEqual(['GET']);
    expect(await eventsOf(got)).toMatchObject([
      { phase: 'intent', outcome: 'pending', status: null },
      {
        phase: 'outcome',
        outcome: 'not_applied',
        status: 502,
        upstream: { status: null, attempts: expect.any(Number) as unknown },
        target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
        changes: [{ field: 'name', effect: 'not_applied' }],
      },
    ]);
    const operation = await bff.send('GET', `/api/v1/operations/${operationOf(got)}`);
    expect(operation.body).toMatchObject({
      id: operationOf(got),
      status: 'not_applied',
      changes: [{ field: 'name', before: 'G***', after: 'A***', effect: 'not_applied' }],
    });
  });

  it.each<End>([
    ['404', 404, 'rejected', 404, answered(404, '{"code":"NOT_FOUND","message":"told"}')],
    ['401', 502, 'not_applied', 401, answered(401)],
    ['403', 502, 'not_applied', 403, answered(403)],
    ['429', 429, 'not_applied', 429, answered(429)],
  ])('%s to the read: only an outcome, and nothing is sent', async (_, status, outcome, upstream, answer) => {
    bff.upstream.answer = answer;
    const got = await bff.patch({ name: 'Acme GmbH' });
    expect(got).toMatchObject({ status, body: { outcome } });
    expect(bff.upstream.methods).toEqual(['GET']);
    const events = await eventsOf(got);
    expect(events).toMatchObject([
      { phase: 'outcome', outcome, status, upstream: { status: upstream, attempts: 0 } },
    ]);
    const after_commitment = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
    expect(events[0]?.['changes']).toEqual([
      { field: 'name', after: 'A***', after_commitment, effect: 'not_applied' },
    ]);
  });
});

function operationOf({ headers }: TestAnswer): string {
  return headers.get('x-operation-id') ?? 'none';
}

/** Those of the operation, oldest first, as they are when the answer is there: no waiting. */
async function eventsOf(answer: TestAnswer): Promise<StoredEvent[]> {
  const events = await bff.events(0);
  return events.filter((event) => event['operation_id'] === operationOf(answer));
}
