import {
  type BillingBffClient,
  type Customer,
  type CustomerPatch,
  type CustomerPreview,
  isUnknownOutcome,
  type Problem,
} from 'billing-bff-client';

/** What became of "Save", as a form needs it. */
export type Known =
  | { kind: 'saved'; customer: Customer; etag: string | undefined }
  /** By JSON pointer (`/billing_address/country`); `message` is the billing API's own where it refused the value. */
  | { kind: 'faults'; faults: Map<string, string>; message: string }
  /** Somebody else changed the customer. `preview` is what our changes would do to it now. */
  | { kind: 'conflict'; theirs: Customer; moved: string[]; preview: CustomerPreview }
  | { kind: 'failed'; message: string };

export type Saved = Known | { kind: 'unknown'; operationId: string };

/** @param etag of the customer that the form shows */
export async function save(
  bff: BillingBffClient,
  id: string,
  changes: CustomerPatch,
  etag: string | undefined,
): Promise<Saved> {
  const patched = await bff.patchCustomer(id, changes, { ifMatch: etag });
  if (patched.ok) return { kind: 'saved', customer: patched.data, etag: patched.etag };
  const { problem } = patched;
  if (isUnknownOutcome(problem)) return { kind: 'unknown', operationId: problem.operation_id };
  const faults = faultsOf(problem);
  if (problem.type === 'urn:billing-bff:problem:precondition-failed')
    return conflict(bff, id, changes, [...faults.keys()]);
  if (faults.size > 0) return { kind: 'faults', faults, message: problem.detail };
  return failed(problem);
}

/** Reads the customer again, and asks what our changes would do to it as it is now. */
async function conflict(
  bff: BillingBffClient,
  id: string,
  changes: CustomerPatch,
  moved: string[],
): Promise<Known> {
  const read = await bff.getCustomer(id);
  if (!read.ok) return failed(read.problem);
  const preview = await bff.previewCustomer(id, changes, { ifMatch: read.etag });
  if (!preview.ok) return failed(preview.problem);
  return { kind: 'conflict', theirs: read.data, moved, preview: preview.data };
}

/** Waits until it is known whether the patch was applied. Never send it again before that. */
export async function outcomeOf(
  bff: BillingBffClient,
  id: string,
  operationId: string,
  signal: AbortSignal,
): Promise<Known> {
  const outcome = await bff.waitForOutcome(operationId, { signal });
  if (!outcome.ok) return failed(outcome.problem);
  switch (outcome.data.status) {
    case 'applied':
    case 'unchanged': {
      const read = await bff.getCustomer(id, { signal });
      return read.ok ? { kind: 'saved', customer: read.data, etag: read.etag } : failed(read.problem);
    }
    case 'not_applied':
    case 'rejected':
      return { kind: 'failed', message: 'Nothing was changed. You can save again.' };
    default:
      return { kind: 'failed', message: 'Nobody can tell whether it was saved. Look at the customer first.' };
  }
}

/** The first fault of each place in the body. */
function faultsOf(problem: Problem): Map<string, string> {
  const faults = new Map<string, string>();
  for (const { pointer, detail } of problem.errors ?? []) {
    const place = pointer?.replace(/^#/, '');
    if (place !== undefined && !faults.has(place)) faults.set(place, detail);
  }
  return faults;
}

function failed(problem: Problem): Known {
  return { kind: 'failed', message: problem.detail };
}
