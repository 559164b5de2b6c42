import type { ServerResponse } from 'node:http';
import type { Fault } from './stateful-upstream.js';
import { answerJson } from './upstream.js';

/** What goes wrong on the wire, whatever was done before. */
export type Wire = (response: ServerResponse, customer: object) => void;

/** The request is done and then its answer fails. */
export const after =
  (wire: Wire): Fault =>
  ({ response, serve }) => {
    wire(response, serve());
  };

/** The request is not done, and its answer fails. */
export const before =
  (wire: Wire): Fault =>
  ({ response }) => {
    wire(response, {});
  };

export const status =
  (code: number, body: unknown, headers: Record<string, string> = {}): Wire =>
  (response) => {
    answerJson(response, code, body, headers);
  };

const HTML = { 'Content-Type': 'text/html' };
/** The billing API's own failure. */
export const ownFailure = status(500, { code: 'INTERNAL_SERVER_ERROR', message: 'Internal error' });
export const gateway = (code: number): Wire => status(code, '<html><h1>Gateway</h1></html>', HTML);
export const html = status(200, '<!doctype html><title>Welcome</title>', HTML);
export const redirect = status(302, '', { Location: 'http://127.0.0.1:9/' });

export const reset: Wire = (response) => {
  response.socket?.resetAndDestroy();
};

export const resetInBody: Wire = (response, customer) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '10000' });
  response.write(JSON.stringify(customer).slice(0, 20));
  setImmediate(() => response.socket?.resetAndDestroy());
};

export const broken: Wire = (response, customer) => {
  answerJson(response, 200, JSON.stringify(customer).slice(0, -2));
};

export const wrongShape = status(200, { data: 'nothing of a customer' });

export const oversized: Wire = (response, customer) => {
  answerJson(response, 200, JSON.stringify({ ...customer, padding: 'x'.repeat(1024 * 1024) }));
};

export const endless: Wire = (response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const chunk = ' '.repeat(64 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
};

/** No answer at all. */
export const hang: Wire = () => undefined;

/** An answer that never ends. */
export const drip: Wire = (response, customer) => {
  const text = JSON.stringify(customer);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': String(text.length) });
  let at = 0;
  const timer = setInterval(() => response.write(text.charAt(at++)), 30);
  response.on('close', () => {
    clearInterval(timer);
  });
};
