import type { PipeTransform } from '@nestjs/common';
import { validationFailed } from '../http/problem.js';

/** The `id_or_alias` of the path, decoded once by the router: what a billing URL can address, and no more. */
export class CustomerRefPipe implements PipeTransform<string, string> {
  /** @throws Problem validation-failed */
  transform(ref: string): string {
    const { length } = Array.from(ref);
    const addressable = length >= 1 && length <= 255 && ref.isWellFormed() && !/[\s/\\\p{Cc}]/u.test(ref);
    if (addressable && ref !== '.' && ref !== '..') return ref;
    const detail =
      'must have 1 to 255 characters, no white space, slash or control character, and not be . or ..';
    throw validationFailed([{ parameter: 'id_or_alias', code: 'not-addressable', detail }]);
  }
}
