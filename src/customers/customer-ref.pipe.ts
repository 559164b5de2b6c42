import type { PipeTransform } from '@nestjs/common';
import { refuseFaults } from '../http/problem.js';
import { addressable } from './dto/alias.js';

/**
 * The `id_or_alias` of the path, decoded once by the router. It accepts only references that a billing URL can
 * contain.
 */
export class CustomerRefPipe implements PipeTransform<string, string> {
  /** @throws Problem validation-failed */
  transform(ref: string): string {
    refuseFaults(
      Array.from(addressable(ref), ({ code, detail }) => ({ parameter: 'id_or_alias', code, detail })),
    );
    return ref;
  }
}
