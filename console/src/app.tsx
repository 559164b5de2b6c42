import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ChangePage } from './change/change.js';
import { UndoPage } from './change/undo.js';
import { ChangesPage } from './customers/changes.js';
import { CustomerPage } from './customers/customer.js';
import { CustomersPage } from './customers/search.js';
import { EventPage } from './log/event.js';
import { LogPage } from './log/log.js';
import { OperationPage } from './operations/operation.js';
import { OverviewPage } from './overview/overview.js';
import { TenantsPage } from './overview/tenants.js';
import { ClearValues } from './parts.js';
import { linkTo, type Route, useRoute } from './router.js';
import type { ConsoleSettings, Session } from './session.js';
import { SignIn } from './sign-in.js';

interface Props {
  readonly settings: ConsoleSettings;
  readonly first: Session | undefined;
  /** Why the login failed; empty if it did not. */
  readonly fault: string;
}

export function App({ settings, first, fault }: Props): JSX.Element {
  const [session, setSession] = useState(first);
  const [clear, setClear] = useState(false);
  const asked = useRoute();
  if (session === undefined) return <SignIn oauth={settings.oauth} fault={fault} onSession={setSession} />;
  // A token for every tenant: first of all, which one?
  const homeless = session.tenant === undefined && session.may('tenants:admin');
  const route: Route = homeless ? { page: 'tenants' } : asked;
  const actFor = (tenant: string): void => {
    setSession(session.for(tenant));
    location.hash = linkTo({ page: 'customers' });
  };
  return (
    <>
      <header class="bar">
        <strong>billing-bff</strong>
        <nav class="bar" aria-label="Pages">
          {PAGES.filter(({ page, scope }) => (homeless ? page === route.page : session.may(scope))).map(
            ({ page, title }) => (
              <a key={page} href={linkTo({ page })} aria-current={route.page === page ? 'page' : undefined}>
                {title}
              </a>
            ),
          )}
        </nav>
        <span class="who">
          {session.tenant === undefined ? session.name : `${session.name}, tenant ${session.tenant}`}
        </span>
        <button type="button" onClick={() => setSession(undefined)}>
          Sign out
        </button>
      </header>
      {MASKED_PAGES.includes(route.page) && session.scopes?.includes('audit:read:clear') === true && (
        <p class="bar note">
          <label>
            <input
              type="checkbox"
              checked={clear}
              onChange={(event) => setClear(event.currentTarget.checked)}
            />
            Show clear values
          </label>
          <span class="quiet">
            {clear
              ? 'The trail records that you see them.'
              : 'They are masked. The trail will record that you saw them.'}
          </span>
        </p>
      )}
      <main>
        <ClearValues.Provider value={clear}>
          <Page key={linkTo(route)} route={route} session={session} onActFor={actFor} />
        </ClearValues.Provider>
      </main>
    </>
  );
}

/** Those that show values of the trail. */
const MASKED_PAGES: readonly Route['page'][] = ['customer', 'changes', 'operation', 'event'];

const PAGES = [
  { page: 'customers', title: 'Customers', scope: 'customers:read' },
  { page: 'changes', title: 'Changes', scope: 'audit:read' },
  { page: 'overview', title: 'Overview', scope: 'audit:read' },
  { page: 'log', title: 'Log', scope: 'audit:read' },
  { page: 'tenants', title: 'Tenants', scope: 'tenants:admin' },
] as const;

function Page({
  route,
  session,
  onActFor,
}: {
  route: Route;
  session: Session;
  onActFor: (tenant: string) => void;
}): JSX.Element {
  switch (route.page) {
    case 'customers':
      return <CustomersPage session={session} />;
    case 'changes':
      return <ChangesPage session={session} />;
    case 'customer':
      return <CustomerPage session={session} id={route.id} />;
    case 'change':
      return <ChangePage session={session} id={route.id} />;
    case 'operation':
      return <OperationPage session={session} id={route.id} />;
    case 'undo':
      return <UndoPage session={session} id={route.id} customer={route.customer} />;
    case 'event':
      return <EventPage session={session} id={route.id} />;
    case 'log':
      return <LogPage session={session} />;
    case 'overview':
      return <OverviewPage session={session} />;
    case 'tenants':
      return <TenantsPage session={session} onActFor={onActFor} />;
  }
}
