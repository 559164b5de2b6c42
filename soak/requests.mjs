// One request through the balancer, and its entry in the ledger.
import { Pool } from 'undici';
import { OWN_ANSWER } from './balancer.mjs';

/** Milliseconds: longer than the service may take. */
const ANSWER_WITHIN = 40_000;
const CONNECTIONS = 100;

export class Requests {
  pools = new Map();

  constructor(balancer, ledger) {
    Object.assign(this, { balancer, ledger });
  }

  /**
   * @param of `{token, method, path, headers, body}`; `expected`: labels that are no failure; `first`: the ledger's `now` when
   *   the first try of the same change began; `at`: an instance instead of the balancer; `sees`: whether a body is whole
   * @returns status, headers, body as text, problem (undefined unless it is one) and label
   */
  async send({ token, method = 'GET', path, headers, body, expected = [], first, at, sees = () => true }) {
    const since = first ?? this.ledger.now;
    const answer = await this.ask(at ?? this.balancer.url, {
      method,
      path,
      headers: {
        authorization: `Bearer ${await token()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const label = answer.label === '200' && !sees(answer.text) ? 'cut off' : answer.label;
    const example = `${method} ${path} ${answer.headers?.['x-request-id'] ?? ''}`;
    this.ledger.note({ label, expected, since, example });
    return { ...answer, label };
  }

  async ask(url, options) {
    const pool = this.pools.get(url) ?? new Pool(url, { connections: CONNECTIONS });
    this.pools.set(url, pool);
    try {
      const time = { headersTimeout: ANSWER_WITHIN, bodyTimeout: ANSWER_WITHIN };
      const { statusCode, headers, body } = await pool.request({ ...options, ...time });
      const text = await body.text();
      const own = headers[OWN_ANSWER];
      if (own !== undefined) return { status: statusCode, headers, text, label: String(own) };
      const isProblem = String(headers['content-type']).startsWith('application/problem+json');
      const problem = isProblem ? JSON.parse(text) : undefined;
      const slug = problem?.type.split(':').at(-1);
      const replayed = headers['idempotency-replayed'] === undefined ? '' : ' again';
      const label = slug === undefined ? String(statusCode) : `${statusCode} ${slug}${replayed}`;
      return { status: statusCode, headers, text, problem, label };
    } catch (error) {
      // The balancer itself never ends: an instance did, in the middle of an answer.
      return {
        status: 0,
        headers: {},
        text: '',
        label: error.name === 'HeadersTimeoutError' ? 'silent' : 'cut off',
      };
    }
  }

  /** An instance that is gone never answers again. */
  forget(url) {
    void this.pools.get(url)?.destroy();
    this.pools.delete(url);
  }
}
