import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

type Answer = (request: UpstreamRequest, response: ServerResponse) => void;

/** A customer in the shape of U11 and U12. */
export const CUSTOMER = {
  id: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Acme GmbH',
  alias: null,
  billing_email: null,
  invoicing_emails: [],
  phone: null,
  currency: 'EUR',
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  vat_number: null,
  custom_taxes: [],
  billing_address: null,
  shipping_address: null,
};

/** A billing API of tests that answers whatever a test says. */
export class TestUpstream {
  readonly requests: UpstreamRequest[] = [];
  /** Connections that were opened so far. */
  connections = 0;
  /** Says how each request is answered; by default with the customer and what was patched. */
  answer: Answer = (request, response) => {
    if (request.method === 'GET') {
      answerJson(response, 200, CUSTOMER);
      return;
    }
    const patch: unknown = JSON.parse(request.text);
    answerJson(response, 200, { ...CUSTOMER, ...(patch as object) });
  };

  /** Those that were to change something. */
  get patches(): UpstreamRequest[] {
    return this.requests.filter(({ method }) => method === 'PATCH');
  }

  /** What it was asked to do, in order. */
  get methods(): string[] {
    return this.requests.map(({ method }) => method);
  }

  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<TestUpstream> {
    const upstream = new TestUpstream();
    await upstream.listen();
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  answerWith(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.answer = (_request, response) => {
      answerJson(response, status, body, headers);
    };
  }

  /** Every read shows this customer; patches are answered as told. */
  readAs(customer: object, patched: Answer): void {
    this.answer = (request, response) => {
      if (request.method === 'PATCH') patched(request, response);
      else answerJson(response, 200, customer);
    };
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      void this.take(request, response);
    });
    server.on('connection', () => {
      this.connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const taken = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      text: Buffer.concat(chunks).toString('utf8'),
    };
    this.requests.push(taken);
    this.answer(taken, response);
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
