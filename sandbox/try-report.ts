import type { Attempt } from './try-patch.js';
import { isRecord } from './shape.js';

/** Characters of a value in the table. */
const WIDTH = 30;

/** What one wants to see of a try: what was sent, what it changed, what the trail has, and where to look next. */
export function report({ plan, url, body, before, answer, ended, events, links }: Attempt): string[] {
  const fields = Object.keys(body);
  const also = [
    ...(plan.tenant === undefined ? [] : [`X-Tenant-Id: ${plan.tenant.id}`]),
    ...(plan.ifMatch ? ['If-Match: the ETag of the read before'] : []),
  ];
  return [
    ...(plan.story === undefined ? [] : [plan.story, '']),
    [`PATCH ${url}`, `as ${plan.client.id}`, ...also].join(', '),
    statusLine(answer, ended),
    ...problemLines(answer.body),
    ...(ended.length > 1 ? ended.map(endLine) : []),
    '',
    row('field', 'before', 'asked for', 'effect'),
    ...fields.map((field) =>
      row(
        field,
        before === undefined ? '?' : field in before ? shown(before[field]) : '(never shown)',
        shown(body[field]),
        effectOf(field, ended.at(-1)?.changes ?? [], answer.body),
      ),
    ),
    '',
    'In the audit trail:',
    ...events.map(eventLine),
    '',
    'Look next:',
    ...links.map(([what, where]) => `  ${what.padEnd(15)}${where}`),
  ];
}

/** An outcome that is final at once needs no line of its own. */
function statusLine(
  { status, statusText, afterMs, body }: Attempt['answer'],
  ended: Attempt['ended'],
): string {
  const problem = isRecord(body) && typeof body.type === 'string' ? body.type.split(':').at(-1) : undefined;
  const outcome = isRecord(body) && typeof body.outcome === 'string' ? body.outcome : ended[0]?.status;
  const what = [problem, outcome].filter((text) => text !== undefined).join(', ');
  return `${status} ${statusText} after ${seconds(afterMs)}: ${what}`;
}

function endLine({ afterMs, status, final }: Attempt['ended'][number]): string {
  return `  after ${seconds(afterMs)} the operation is ${status}${final ? '' : ', which is not final'}`;
}

/** The problem's sentence, and the places of its faults. */
function problemLines(body: unknown): string[] {
  if (!isRecord(body) || typeof body.detail !== 'string') return [];
  const errors: readonly unknown[] = Array.isArray(body.errors) ? body.errors : [];
  const places = errors.map((fault) =>
    isRecord(fault) ? shown(fault.pointer ?? fault.header ?? fault.code) : '',
  );
  return [`  ${body.detail}${places.length === 0 ? '' : ` (${places.join(', ')})`}`];
}

/** The effect, and what is stored where that is not what was asked for. */
function effectOf(field: string, changes: readonly unknown[], customer: unknown): string {
  const change = changes.filter(isRecord).find((one) => one.field === field);
  const effect = shown(change?.effect);
  const differs = ['normalised', 'ignored', 'raced'].includes(effect) && isRecord(customer);
  return differs ? `${effect}, it is ${cut(shown(customer[field]))}` : effect;
}

function eventLine(event: Readonly<Record<string, unknown>>): string {
  const { occurred_at, phase, action, outcome, status, actor, changes } = event;
  const who = isRecord(actor) ? `${shown(actor.type)} ${shown(actor.sub)}` : '';
  const count = Array.isArray(changes) ? changes.length : 0;
  const fields = `${count} ${count === 1 ? 'field' : 'fields'}`;
  const what = phase === 'intent' ? fields : shown(phase === 'event' ? action : outcome);
  const answered = typeof status === 'number' ? `answered ${status}` : '';
  const cells = [
    shown(occurred_at).slice(11, 23),
    shown(phase).padEnd(8),
    what.padEnd(12),
    answered.padEnd(12),
    who,
  ];
  return `  ${cells.join('  ')}`.trimEnd();
}

function row(field: string, before: string, asked: string, effect: string): string {
  return `  ${field.padEnd(20)}${cut(before).padEnd(WIDTH + 2)}${cut(asked).padEnd(WIDTH + 2)}${effect}`.trimEnd();
}

/** Values without their names: the table has no room for more. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.map(shown).join('; ');
  if (isRecord(value))
    return Object.keys(value)
      .sort()
      .map((name) => shown(value[name]))
      .join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function cut(value: string): string {
  return value.length <= WIDTH ? value : `${value.slice(0, WIDTH - 1)}…`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
