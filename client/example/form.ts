import { createClient, type Customer, type CustomerPatch } from 'billing-bff-client';
import { type Known, outcomeOf, save } from './save.js';
import { type Settings, signIn } from './sign-in.js';

const settings = (await (await fetch('/settings.json')).json()) as Settings;
const person = new URLSearchParams(location.search).get('as') ?? 'ada';
const token = await signIn(settings, person);
const bff = createClient({ baseUrl: settings.bffUrl, token });

const form = one('form', HTMLFormElement);
const status = one('#status', HTMLElement);
const dialog = one('dialog', HTMLDialogElement);
const chosen = one('#customer', HTMLSelectElement);

/** The customer that the form shows, and its tag. */
let shown: { customer: Customer; etag: string | undefined };
const NO_FAULTS = new Map<string, string>();
/** Ends what the page waits for when another customer is chosen. */
let leaving = new AbortController();

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const changes = changesOf(shown.customer, new FormData(form));
  if (Object.keys(changes).length === 0) say('Nothing was changed.');
  else void saveAs(changes, shown.etag);
});
chosen.addEventListener('change', () => void open(chosen.value));
one('#elsewhere', HTMLButtonElement).addEventListener('click', () => void changeElsewhere());
await open(chosen.value);

async function open(ref: string): Promise<void> {
  leaving.abort();
  leaving = new AbortController();
  await meanwhile('Loading …', async (signal) => {
    const read = await bff.getCustomer(ref, { signal });
    if (read.ok) {
      show(read.data, read.etag);
      say('');
    } else {
      say(read.problem.detail, 'bad');
    }
  });
}

async function saveAs(changes: CustomerPatch, etag: string | undefined): Promise<void> {
  await meanwhile('Saving …', async (signal) => {
    const { id } = shown.customer;
    const saved = await save(bff, id, changes, etag);
    signal.throwIfAborted();
    await tell(saved.kind === 'unknown' ? await known(id, saved.operationId, signal) : saved, changes);
  });
}

/** What is typed meanwhile would be lost, so the form is inert. Of a customer that was left, nothing is shown. */
async function meanwhile(text: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal } = leaving;
  say(text);
  form.inert = true;
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) form.inert = false;
}

function known(id: string, operationId: string, signal: AbortSignal): Promise<Known> {
  say('Not known yet whether this was saved. Waiting for the billing system …', 'waiting');
  return outcomeOf(bff, id, operationId, signal);
}

async function tell(saved: Known, changes: CustomerPatch): Promise<void> {
  showFaults(saved.kind === 'faults' ? saved.faults : NO_FAULTS);
  switch (saved.kind) {
    case 'saved':
      show(saved.customer, saved.etag);
      say('Saved.', 'good');
      return;
    case 'faults':
      say(`Not saved. ${saved.message}`, 'bad');
      return;
    case 'conflict':
      say('Not saved: somebody else changed this customer.', 'bad');
      await ask(saved, changes);
      return;
    case 'failed':
      say(saved.message, 'bad');
  }
}

/** The dialogue of a conflict: theirs, ours, and what saving ours would do. */
async function ask(
  { theirs, moved, preview }: Extract<Known, { kind: 'conflict' }>,
  changes: CustomerPatch,
): Promise<void> {
  const rows = [...new Set([...moved.map((place) => place.slice(1)), ...Object.keys(changes)])];
  one('#differences', HTMLElement).replaceChildren(
    ...rows.map((field) =>
      row(field, valueIn(shown.customer, field), valueIn(theirs, field), valueIn(preview.customer, field)),
    ),
  );
  one('#warnings', HTMLElement).textContent = preview.warnings.map(({ detail }) => detail).join(' ');
  dialog.showModal();
  const answer = await new Promise<string>((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        resolve(dialog.returnValue);
      },
      { once: true },
    );
  });
  if (answer === 'mine') await saveAs(changes, preview.etag);
  else if (answer === 'theirs') show(theirs, preview.etag);
}

/** Only what differs from the customer. An address is replaced as a whole: all its lines are sent. */
function changesOf(customer: Customer, data: FormData): CustomerPatch {
  const changes: Record<string, unknown> = {};
  const address: Record<string, string> = {};
  let moved = false;
  for (const [place, value] of data as unknown as Iterable<[string, string]>) {
    const [, field = '', line] = place.split('/');
    if (line !== undefined && value !== '') address[line] = value;
    if (value === valueIn(customer, place.slice(1))) continue;
    if (line === undefined) changes[field] = value;
    else moved = true;
  }
  return moved ? { ...changes, billing_address: address } : changes;
}

function show(customer: Customer, etag: string | undefined): void {
  shown = { customer, etag };
  for (const input of form.querySelectorAll('input')) input.value = valueIn(customer, input.name.slice(1));
  showFaults(NO_FAULTS);
}

/** Every fault below its field; a fault of a whole address below its first line. */
function showFaults(faults: Map<string, string>): void {
  const left = new Map(faults);
  for (const input of form.querySelectorAll('input')) {
    const place = [...left.keys()].find((at) => input.name === at || input.name.startsWith(`${at}/`));
    const detail = place === undefined ? '' : (left.get(place) ?? '');
    if (place !== undefined) left.delete(place);
    input.ariaInvalid = String(detail !== '');
    const note = document.getElementById(input.name);
    if (note !== null) note.textContent = detail;
  }
}

/** The text at `billing_address/city`; empty for what is not set. */
function valueIn(customer: Customer, path: string): string {
  return textOf(
    path
      .split('/')
      .reduce<unknown>((value, name) => (isObject(value) ? Reflect.get(value, name) : undefined), customer),
  );
}

function textOf(value: unknown): string {
  if (isObject(value))
    return Object.values(value)
      .map(textOf)
      .filter((text) => text !== '')
      .join(', ');
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function row(...cells: string[]): HTMLTableRowElement {
  const line = document.createElement('tr');
  for (const cell of cells) line.insertCell().textContent = cell === '' ? '–' : cell;
  return line;
}

/** What another tab, or a colleague, would do. */
async function changeElsewhere(): Promise<void> {
  const phone = `+49 30 5550 ${Math.floor(1_000 + Math.random() * 9_000).toString()}`;
  const patched = await bff.patchCustomer(shown.customer.id, { phone });
  say(patched.ok ? `Somebody else has just set the phone number to ${phone}.` : patched.problem.detail);
}

function say(text: string, mood = ''): void {
  status.textContent = text;
  status.className = mood;
}

function one<Kind extends HTMLElement>(selector: string, kind: new () => Kind): Kind {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}
