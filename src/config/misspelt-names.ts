import type { Environment } from './setting-reader.js';

/** A variable with such a prefix was meant to be a setting. */
const OURS = /^(AUTH|AUDIT|BILLING_API|SWAGGER)_/;
/** Variables that Kubernetes sets for a service with the name `auth` or `billing-api`. */
const SERVICE_LINK = /_(SERVICE_(HOST|PORT)|PORT)(_|$)/;

/**
 * A warning for each variable that is set, is not a setting, and looks like a misspelt one.
 * @param settings the names of all settings
 */
export function misspeltNames(environment: Environment, settings: ReadonlySet<string>): string[] {
  const others = Object.entries(environment).filter(([name, value]) => !settings.has(name) && value?.trim());
  return others.flatMap(([name]) => {
    const written = name.toUpperCase();
    const distances = [...settings].map((setting) => ({ setting, edits: editsBetween(written, setting) }));
    const nearest = distances.reduce((best, other) => (other.edits < best.edits ? other : best));
    const allowed = nearest.setting.length < 8 ? 1 : 2;
    const meant = nearest.edits <= allowed || (OURS.test(written) && !SERVICE_LINK.test(written));
    return meant ? [`${name} is not a setting; did you mean ${nearest.setting}?`] : [];
  });
}

/** Number of letters to insert, delete, replace or swap with the next one (optimal string alignment distance). */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
