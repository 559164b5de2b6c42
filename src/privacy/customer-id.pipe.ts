import type { PipeTransform } from '@nestjs/common';
import { CUSTOMER_ID } from '../audit/customer-id.js';
import { validationFailed } from '../http/problem.js';

/** An alias may belong to another customer tomorrow, so an erasure needs the id. */
export class CustomerIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (CUSTOMER_ID.test(id)) return id;
    throw validationFailed([{ parameter: 'cus_id', code: 'not-customer-id', detail: 'must be a cus_ id' }]);
  }
}
