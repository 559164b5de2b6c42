import { PROBLEMS, type ProblemSlug } from '../http/problem.js';
import { PROBLEM_GUIDES } from './problem-guide.js';

/** Every problem of the service. */
const PROBLEM_SLUGS: readonly ProblemSlug[] = Object.keys(PROBLEMS).filter(isProblemSlug);

export function isProblemSlug(name: string): name is ProblemSlug {
  return Object.hasOwn(PROBLEMS, name);
}

/** The page of a problem: what happened, whether anything was changed, and what to do. HTML, without scripts. */
export function problemPage(slug: ProblemSlug): string {
  const [status, code, title] = PROBLEMS[slug];
  const { happened, changed, todo } = PROBLEM_GUIDES[slug];
  return page(
    title,
    `<p class="kind"><b>${status}</b> <code>${slug}</code></p>
<h1>${title}</h1>
<h2>What happened</h2>
<p>${inline(happened)}</p>
<h2>Was anything changed?</h2>
<p>${inline(changed)}</p>
<h2>What to do</h2>
<ol>
${todo.map((step) => `<li>${inline(step)}</li>`).join('\n')}
</ol>
<p class="note">In the answer: <code>type</code> is <code>urn:billing-bff:problem:${slug}</code>, <code>code</code> is
<code>${code}</code>. The <code>request_id</code> helps the operators to find it.</p>
<p><a href="/problems">All problems</a> · <a href="/docs">Swagger UI</a></p>`,
  );
}

/** The list of all problems, in the order of their status. HTML, without scripts. */
export function problemIndex(): string {
  const rows = [...PROBLEM_SLUGS]
    .sort((one, other) => PROBLEMS[one][0] - PROBLEMS[other][0])
    .map((slug) => {
      const [status, , title] = PROBLEMS[slug];
      return `<tr><td>${status}</td><td><a href="/problems/${slug}"><code>${slug}</code></a></td><td>${title}</td></tr>`;
    });
  return page(
    'Problems',
    `<h1>Problems</h1>
<p>Every error of this service is a problem document (RFC 9457). The end of its <code>type</code> is one of these.</p>
<table>
<thead><tr><th>Status</th><th>Problem</th><th>Meaning</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<p><a href="/docs">Swagger UI</a></p>`,
  );
}

/** All texts are of this file and of the tables: nothing of a request gets into a page. */
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title} · billing-bff</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; font: 17px/1.55 system-ui, sans-serif; }
main { max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.5rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .25rem; }
p, ol { margin: .25rem 0 1rem; }
ol { padding-left: 1.4rem; }
li { margin: .35rem 0; }
code { font: .92em ui-monospace, monospace; background: light-dark(#eef0f3, #2a2d33); border-radius: 4px; padding: .1em .3em; }
a { color: light-dark(#0b57c2, #8ab4f8); }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid light-dark(#dde1e6, #3a3e45); vertical-align: top; }
.kind { margin: 0; color: light-dark(#5b6470, #aab2bd); }
.note { margin-top: 2rem; font-size: .92rem; color: light-dark(#5b6470, #aab2bd); }
`;

/** Escapes text, and turns its code and links into HTML. */
function inline(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>');
}
