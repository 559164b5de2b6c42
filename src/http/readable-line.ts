const LEVELS: Partial<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** A log line for a terminal: local time, level, message, then its members in one line. */
export function readableLine(json: string): string {
  const { time, level, msg, service: _service, ...members } = parse(json);
  const at = typeof time === 'string' ? new Date(time).toTimeString().slice(0, 8) : '';
  const name = (typeof level === 'number' ? LEVELS[level] : undefined) ?? '';
  const told = Object.entries(members)
    .filter(([, value]) => value !== null)
    .map(([member, value]) => `${member}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${[at, name.padEnd(5), typeof msg === 'string' ? msg : '', ...told].join(' ')}\n`;
}

function parse(json: string): Record<string, unknown> {
  const line: unknown = JSON.parse(json);
  return typeof line === 'object' && line !== null ? { ...line } : {};
}
