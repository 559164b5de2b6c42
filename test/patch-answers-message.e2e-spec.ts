import { ACME_TOKEN, startBff, type TestBff } from './support/start-bff.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

describe('the message of a refusal of the billing API', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  afterAll(() => bff.stop());

  const detailOf = async (status: number, body: unknown): Promise<string> => {
    bff.upstream.answerWith(status, body);
    const answer = await bff.patch({ name: 'Acme GmbH' });
    const { detail, message } = answer.body as { detail: string; message: string };
    expect(message).toBe(detail);
    return detail;
  };

  it.each([
    [400, 'BAD_REQUEST'],
    [422, 'BAD_REQUEST'],
    [409, 'CONFLICT'],
  ])('is repeated to the caller: %d', async (status, code) => {
    expect(await detailOf(status, { code, message: 'The alias »acme« is taken.' })).toBe(
      'The alias »acme« is taken.',
    );
  });

  it.each([
    [400, 'rejected'],
    [422, 'rejected'],
    [409, 'conflict'],
  ])('belongs to the field when one was sent, in a replay as well: %d', async (status, code) => {
    bff.upstream.answerWith(status, { message: 'No.' });
    const headers = {
      'Idempotency-Key': `refused-${status}`,
      Authorization: `Bearer ${await bff.idp.token()}`,
    };
    const errors = [{ pointer: '#/alias', code, detail: 'was refused by the billing API' }];
    expect((await bff.patch({ alias: 'acme' }, headers)).body).toMatchObject({ detail: 'No.', errors });
    const again = await bff.patch({ alias: 'acme' }, headers);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toMatchObject({ detail: 'No.', errors });

    const two = await bff.patch({ alias: 'acme', name: 'Acme' });
    expect(two.body).not.toHaveProperty('errors');
  });

  it('is at most 500 characters long, however long a character is', async () => {
    expect(await detailOf(400, { message: 'a'.repeat(500) })).toBe('a'.repeat(500));
    expect(await detailOf(400, { message: `${'a'.repeat(500)}b` })).toBe('a'.repeat(500));
    expect(await detailOf(400, { message: '😀'.repeat(501) })).toBe('😀'.repeat(500));
    expect(Array.from(await detailOf(400, { message: 'a'.repeat(1_000_000) }))).toHaveLength(500);
  });

  it.each([
    ['text/plain is no message', 'MARK: Json deserialize error'],
    ['a message that is no text', { message: { text: 'MARK' } }],
    ['a list', ['MARK']],
    ['text', '"MARK"'],
    ['null', 'null'],
    ['no message', { code: 'BAD_REQUEST', details: 'MARK' }],
    ['an empty message', { message: '' }],
    ['a message of an inherited name', { toString: 'MARK' }],
  ])('is replaced by words of our own when there is none: %s', async (_what, body) => {
    const detail = await detailOf(400, body);

    expect(detail).not.toContain('MARK');
    expect(detail.length).toBeGreaterThan(0);
  });

  it('never holds the tenant’s token, wherever the billing API repeats it', async () => {
    for (const message of [
      `Bearer ${ACME_TOKEN} may not`,
      `${'a'.repeat(490)}${ACME_TOKEN}`,
      `${'a'.repeat(500 - ACME_TOKEN.length)}${ACME_TOKEN}`,
      `${ACME_TOKEN}${ACME_TOKEN}`,
    ]) {
      const detail = await detailOf(400, { message });
      expect(detail).not.toContain(ACME_TOKEN);
      expect(detail).not.toContain(ACME_TOKEN.slice(0, 8));
    }
    expect(bff.logs()).not.toContain(ACME_TOKEN);
  });

  it('is plain text: no control characters, no halves of characters', async () => {
    const detail = await detailOf(400, '{"message":"a\\r\\nX-Injected: 1\\u0000\\u001b[31mred\\ud800"}');

    expect(detail).toContain('a');
    expect(detail).not.toMatch(/\p{Cc}/u);
    expect(detail.isWellFormed()).toBe(true);
  });

  it('stands in no log line and no audit event, at any status', async () => {
    const message = 'anna@acme.test is on the deny list';
    for (const status of [400, 401, 403, 404, 409, 422, 429, 500]) await detailOf(status, { message });

    const events = await bff.events(2 * 8);
    expect(JSON.stringify(events)).not.toContain('deny list');
    expect(bff.logs()).not.toContain('deny list');
  });

  it.each([401, 403, 500, 502, 503])('is not repeated when it is about us: %d', async (status) => {
    expect(await detailOf(status, { message: 'MARK of host billing-7.internal' })).not.toMatch(
      /MARK|billing-7/,
    );
  });
});
