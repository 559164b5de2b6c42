// The page that the address names: the part behind `#`, so that no path reaches the server.
import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { readonly page: 'customers' | 'changes' | 'log' | 'overview' | 'tenants' }
  | { readonly page: 'customer' | 'change' | 'event'; readonly id: string }
  | { readonly page: 'operation' | 'undo'; readonly id: string; readonly customer: string };

const LIST_PAGES = ['customers', 'changes', 'log', 'overview', 'tenants'] as const;
const ITEM_PAGES = ['customer', 'change', 'event'] as const;
const OPERATION_PAGES = ['operation', 'undo'] as const;

/** `#/customer/cus_1?field=phone`: what follows `?` is the page's own. Whatever is unknown is the list of customers. */
export function routeOf(hash: string): Route {
  const [path = ''] = hash.replace(/^#\//, '').split('?');
  const [page = '', id = '', customer = ''] = path.split('/').map(decoded);
  const list = LIST_PAGES.find((name) => name === page);
  if (list !== undefined) return { page: list };
  const item = ITEM_PAGES.find((name) => name === page);
  if (item !== undefined && id !== '') return { page: item, id };
  const operation = OPERATION_PAGES.find((name) => name === page);
  if (operation !== undefined && id !== '') return { page: operation, id, customer };
  return { page: 'customers' };
}

export function linkTo(route: Route): string {
  const parts = [route.page, 'id' in route ? route.id : '', 'customer' in route ? route.customer : ''];
  return `#/${parts
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/')}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return routeOf(hash);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
