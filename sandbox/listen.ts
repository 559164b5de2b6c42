import { createServer as createProbe, type Server } from 'node:net';
import { codeOf, messageOf, SandboxFault } from './fault.js';

/** The only address the sandbox listens on. */
export const HOST = '127.0.0.1';

/** A requested port; 0 picks a free one. */
export interface WantedPort {
  port: number;
  /** The purpose of the port, for messages. */
  purpose: string;
  /** The setting that changes the port. */
  setting: string;
}

/** Starts listening on 127.0.0.1 and returns the port. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP port');
  return address.port;
}

/**
 * Tries every port for a moment, so that all occupied ports are reported at once, before anything has started.
 * @throws SandboxFault with one line for each port that can't be used
 */
export async function assertPortsFree(wanted: readonly WantedPort[]): Promise<void> {
  const faults: string[] = [];
  for (const one of wanted.filter(({ port }) => port !== 0)) {
    const probe = createProbe();
    try {
      await listen(probe, one.port);
      await new Promise((resolve) => probe.close(resolve));
    } catch (error) {
      faults.push(unavailable(one, error));
    }
  }
  if (faults.length > 0) throw new SandboxFault(faults.join('\n'));
}

function unavailable({ port, purpose, setting }: WantedPort, error: unknown): string {
  const code = codeOf(error);
  const remedy = `choose another with the setting ${setting} (0 picks a free one).`;
  if (code === 'EADDRINUSE') return `Port ${port}, wanted for ${purpose}, is already in use: ${remedy}`;
  if (code === 'EACCES')
    return `Port ${port}, wanted for ${purpose}, may not be used by this user: ${remedy}`;
  return `Port ${port}, wanted for ${purpose}, cannot be used (${messageOf(error)}): ${remedy}`;
}
