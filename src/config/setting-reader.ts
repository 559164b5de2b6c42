import { readFileSync } from 'node:fs';

/** An empty variable counts as unset, as people expect of `NAME=` in an .env file. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Injection token of the variables that the tenants' file may use. */
export const ENVIRONMENT = Symbol('Environment');

/**
 * Reads single settings and collects their faults, so that one start reports every fault. A fault has the setting and
 * the correction, but never the value, which may be a secret.
 */
export class SettingReader {
  readonly faults: string[] = [];
  /** Names of all settings that were read. */
  readonly names = new Set<string>();

  constructor(private readonly environment: Environment) {}

  optional(name: string): string | undefined {
    this.names.add(name);
    const value = this.environment[name];
    return value === undefined || value.trim() === '' ? undefined : value.trim();
  }

  required(name: string, why = ''): string {
    const value = this.optional(name);
    if (value === undefined) this.fault(name, `is required${why}; set it`);
    return value ?? '';
  }

  /** A secret: from the variable, or from the file that `<name>_FILE` names, without white space around it. */
  secret(name: string): string | undefined {
    const [value, file] = [this.optional(name), this.optional(`${name}_FILE`)];
    if (file === undefined) return value;
    if (value !== undefined) {
      this.fault(name, `and ${name}_FILE are both set; set one of them`);
      return value;
    }
    try {
      const content = readFileSync(file, 'utf8').trim();
      if (content === '') this.fault(`${name}_FILE`, 'names an empty file');
      return content;
    } catch {
      this.fault(`${name}_FILE`, 'names a file that cannot be read');
      return '';
    }
  }

  requiredSecret(name: string, why = ''): string {
    const value = this.secret(name);
    if (value === undefined) this.fault(name, `is required${why}; set it, or ${name}_FILE`);
    return value ?? '';
  }

  text(name: string, fallback: string): string {
    return this.optional(name) ?? fallback;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.optional(name) ?? fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.fault(name, `must be one of ${allowed.join(', ')}`);
    return found ?? fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    return this.optionalInteger(name, min, max) ?? fallback;
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^\d{1,15}$/.test(value) && number >= min && number <= max) return number;
    this.fault(name, `must be a whole number from ${min} to ${max}`);
    return undefined;
  }

  list(name: string): string[] {
    return listOf(this.optional(name));
  }

  /** A URL of one of the `protocols`, without user-info, query or fragment. */
  url(name: string, protocols: readonly string[] = ['http:', 'https:']): URL | undefined {
    const value = this.required(name);
    if (value === '') return undefined;
    const url = parsePlainUrl(value, protocols);
    if (url === undefined) {
      const schemes = protocols.map((protocol) => `${protocol}//`).join(' or ');
      this.fault(name, `must be a ${schemes} URL without user name, query or fragment`);
    }
    return url;
  }

  fault(name: string, what: string): void {
    this.faults.push(`${name} ${what}`);
  }
}

/** The items of a list separated by commas, without empty ones. */
export function listOf(text = ''): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

export function parsePlainUrl(value: string, protocols: readonly string[]): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  // Checks the text, because the parsed URL hides an empty query, fragment or user name.
  const plain = !/[?#]|^[^/]*\/\/[^/]*@/.test(value);
  return plain && protocols.includes(url.protocol) ? url : undefined;
}
