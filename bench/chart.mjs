// A bar chart of CPU per request, as SVG.
const WIDTH = 760;
const BAR = 28;
const GAP = 12;
const LABELS = 190;
const COLOURS = { ours: '#2563eb', peer: '#94a3b8', text: '#0f172a' };

/** @param rows `{name, service}`, microseconds; @param unit the name of the row that is 1 */
export function chartOf(rows, unit) {
  const one = rows.find(({ name }) => name === unit).service;
  const longest = Math.max(...rows.map(({ service }) => service));
  const height = rows.length * (BAR + GAP) + 50;
  const bars = rows.map(({ name, service }, index) => {
    const y = 40 + index * (BAR + GAP);
    const width = (service / longest) * (WIDTH - LABELS - 150);
    const colour = name.startsWith('BFF') ? COLOURS.ours : COLOURS.peer;
    const figure = `${Math.round(service)} µs (${(service / one).toFixed(2)}×)`;
    return [
      `<text x="${LABELS - 8}" y="${y + 19}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${colour}"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 19}">${figure}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" fill="${COLOURS.text}">
<text x="0" y="18" font-size="15">CPU of the service per patch, and times ${escaped(unit)}</text>
${bars.join('\n')}
</svg>
`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
