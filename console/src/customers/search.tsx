import type { JSX, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { dataOf } from '../api.js';
import { Show, textIn } from '../parts.js';
import { linkTo } from '../router.js';
import type { Session } from '../session.js';
import { useLoaded } from '../use-loaded.js';

const PER_PAGE = 20;

/** The billing API's list, as the BFF passes it on. */
export function CustomersPage({ session }: { session: Session }): JSX.Element {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const [loaded] = useLoaded(
    async (signal) =>
      dataOf(
        await session.api.client.listCustomers(
          { per_page: PER_PAGE, page, ...(search === '' ? {} : { search }) },
          { signal },
        ),
      ),
    [session, search, page],
  );
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setPage(0);
    setSearch(textIn(event.currentTarget, 'search'));
  };
  return (
    <section>
      <h1>Customers</h1>
      <form class="bar" role="search" onSubmit={submit}>
        <label>
          Name, e-mail or alias <input name="search" type="search" />
        </label>
        <button>Search</button>
      </form>
      <Show loaded={loaded}>
        {({ data, pagination_meta: meta }) => (
          <>
            <table class="stacked">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Alias</th>
                  <th>E-mail</th>
                  <th>Currency</th>
                </tr>
              </thead>
              <tbody>
                {data.map((customer) => (
                  <tr key={customer.id}>
                    <th scope="row">
                      <a href={linkTo({ page: 'customer', id: customer.id })}>{customer.name}</a>
                    </th>
                    <td data-label="Alias">{customer.alias}</td>
                    <td data-label="E-mail">{customer.billing_email}</td>
                    <td data-label="Currency">{customer.currency}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {data.length === 0 && <p>No customer is found.</p>}
            <nav class="bar" aria-label="Pages">
              <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
                Back
              </button>
              <span>{`Page ${page + 1} of ${Math.max(1, meta.total_pages)}, ${meta.total_items} ${meta.total_items === 1 ? 'customer' : 'customers'}`}</span>
              <button type="button" disabled={page + 1 >= meta.total_pages} onClick={() => setPage(page + 1)}>
                Next
              </button>
            </nav>
          </>
        )}
      </Show>
    </section>
  );
}
