import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => bff.stop());

it('not ready before the identity provider’s keys were seen, ready from then on, alive all the time', async () => {
  await bff.idp.stop();
  expect(await status('/health/ready')).toBe(503);
  expect(await status('/health/live')).toBe(200);
  await bff.idp.listen();
  // After a failed try the provider is left alone for some seconds: those are over.
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + 6_000);
  await until(async () => (await status('/health/ready')) === 200);
  await bff.idp.stop();
  expect(await status('/health/ready')).toBe(200);
  await bff.idp.listen();
});

it('not ready without the database, but alive; ready again when it is back', async () => {
  await until(async () => (await status('/health/ready')) === 200);
  const executor = bff.database.kysely.getExecutor();
  const fault = jest.spyOn(executor, 'executeQuery').mockRejectedValue(new Error('gone'));
  const answer = await get('/health/ready');
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ checks: { database: 'down', identity_provider: 'up' } });
  expect(JSON.stringify(answer.body)).not.toContain('gone');
  expect(await status('/health/live')).toBe(200);
  fault.mockRestore();
  expect(await status('/health/ready')).toBe(200);
});

it('a billing API that is away does not make it unready', async () => {
  await until(async () => (await status('/health/ready')) === 200);
  await bff.upstream.stop();
  expect((await bff.patch({ name: 'Acme GmbH' })).status).toBe(502);
  expect(await status('/health/ready')).toBe(200);
  await bff.upstream.listen();
});

it('says nothing about the house: no host, no version of anything', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    const { body } = await get(path);
    expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|localhost|postgres|jwks|\d+\.\d+\.\d+/i);
  }
});

function get(path: string): Promise<TestAnswer> {
  return bff.send('GET', path, undefined, { Authorization: '' });
}

async function status(path: string): Promise<number> {
  return (await get(path)).status;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) if (Date.now() > deadline) throw new Error('it never came to pass');
}
