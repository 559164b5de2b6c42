/** The place of a claim in an access token. */
export interface ClaimPath {
  /** As in the setting, for messages. */
  readonly name: string;
  /** From the outermost claim inwards. */
  readonly steps: readonly string[];
}

/**
 * Reads the name of a claim, or an RFC 6901 pointer if it begins with `/`.
 * @returns undefined if the pointer is malformed
 */
export function parseClaimPath(text: string): ClaimPath | undefined {
  if (!text.startsWith('/')) return { name: text, steps: [text] };
  if (/~(?![01])/.test(text)) return undefined;
  const steps = text.slice(1).split('/');
  return { name: text, steps: steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) };
}
