/**
 * What people read, as Go templates for Alertmanager. Every text that comes from elsewhere is cut, brought to one line
 * and freed of markup by character, so that no length and no markup can lose a message: Telegram refuses more than 4,096
 * characters, Discord cuts at 2,048. Only links to http(s) of bounded length are written.
 */

type Replacements = readonly (readonly [pattern: string, look: string])[];

/** A pipeline of regular expressions; JSON quotes like Go does. */
const replace = (steps: Replacements): string =>
  steps.map((step) => ` | reReplaceAll ${step.map((text) => JSON.stringify(text)).join(' ')}`).join('');

/** A text brought to one line, cut to a length and freed of the given characters, each replaced by one that looks alike. */
const plain = (source: string, length: number, replaced: Replacements): string =>
  `{{ ${source}${replace([['[\\s\\p{C}]+', ' '], [`^(.{${length}}).+$`, '$1…'], ...replaced])} }}`;

/** What would be escaped to several characters in HTML. */
const html = [
  ['<', '‹'],
  ['>', '›'],
  ['&', '＆'],
  ['"', '”'],
  ["'", '’'],
  ['\\+', '＋'],
] as const;

/** What Discord takes for markup or a mention. */
const markdown = [
  ['<', '‹'],
  ['>', '›'],
  ['@', '＠'],
  ['`', '´'],
  ['\\*', '∗'],
  ['_', 'ˍ'],
  ['~', '∼'],
  ['\\|', '¦'],
  ['\\[', '［'],
  ['\\]', '］'],
  ['#', '＃'],
] as const;

const headline = 'or .Annotations.title .Annotations.summary .Labels.alertname';
const since = '{{ .StartsAt.UTC.Format "2006-01-02 15:04" }} UTC';
const lasted = '{{ (.EndsAt.Sub .StartsAt).Round 1000000000 }}';

/** Alerts of one state, at most so many of them, then how many were left out. */
function list(state: 'Firing' | 'Resolved', most: number, each: string, separator: string): string {
  return [
    `{{ range $index, $each := .Alerts.${state} }}{{ if lt $index ${most} }}${each}${separator}{{ end }}{{ end }}`,
    `{{ if gt (len .Alerts.${state}) ${most} }}and {{ len (slice .Alerts.${state} ${most}) }} more ${state.toLowerCase()}${separator}{{ end }}`,
  ].join('');
}

/** The link to the incident, where it is one and is short enough. */
const link = (longest: number, text: string): string =>
  `{{ if match "^https?://[^\\\\s\\"'<>]{1,${longest}}$" .Annotations.url }}${text}{{ end }}`;

/** Up to three lines of details, each cut. */
const details = (length: number, replaced: Replacements): string => {
  const steps: Replacements = [
    ['[^\\S\\n]+', ' '],
    ['[^\\P{C}\\n]+', ''],
    ['(?s)^((?:[^\\n]*\\n){2}[^\\n]*).*$', '$1'],
    [`(?m)^(.{${length}}).+$`, '$1…'],
  ];
  return `{{ .Annotations.details${replace([...steps, ...replaced])} }}`;
};

/** Something that stands there only when the alert has details. */
const withDetails = (text: string): string => `{{ if .Annotations.details }}${text}{{ end }}`;

const telegram = [
  list(
    'Firing',
    5,
    `<b>FIRING</b> ${plain(headline, 90, html)}${withDetails(`\n${details(60, html)}`)}\nsince ${since}${link(220, '\n<a href="{{ .Annotations.url }}">Open the incident</a>')}`,
    '\n\n',
  ),
  list('Resolved', 5, `<b>RESOLVED</b> ${plain(headline, 90, html)}\nlasted ${lasted}`, '\n\n'),
].join('');

const discord = [
  list(
    'Firing',
    3,
    `**FIRING** ${plain(headline, 80, markdown)}${withDetails(`\n${details(60, markdown)}`)}\nsince ${since}${link(200, '\n{{ .Annotations.url }}')}`,
    '\n\n',
  ),
  list('Resolved', 3, `**RESOLVED** ${plain(headline, 80, markdown)}\nlasted ${lasted}`, '\n\n'),
].join('');

const emailText = [
  list(
    'Firing',
    50,
    `FIRING ${plain(headline, 200, [])}${withDetails(`\n${details(200, [])}`)}\n  since ${since}${link(1000, '\n  {{ .Annotations.url }}')}`,
    '\n\n',
  ),
  list('Resolved', 50, `RESOLVED ${plain(headline, 200, [])}\n  lasted ${lasted}`, '\n\n'),
].join('');

const emailHtml = [
  '<!doctype html><html><body style="font-family: sans-serif">',
  list(
    'Firing',
    50,
    `<p><strong style="color: #b91c1c">FIRING</strong> ${plain(headline, 200, [])}${withDetails(`<br><span style="white-space: pre-line">${details(200, [])}</span>`)}<br>since ${since}${link(1000, '<br><a href="{{ .Annotations.url }}">Open the incident</a>')}</p>`,
    '',
  ),
  list('Resolved', 50, `<p><strong style="color: #15803d">RESOLVED</strong> ${plain(headline, 200, [])}<br>lasted ${lasted}</p>`, ''),
  '</body></html>',
].join('');

/** One line for a subject or a title: the first alert, and how many more there are. */
const subject = [
  '{{ if .Alerts.Firing }}FIRING {{ else }}RESOLVED {{ end }}',
  `{{ range $index, $each := .Alerts }}{{ if eq $index 0 }}${plain(headline, 150, [['@', '＠']])}{{ end }}{{ end }}`,
  '{{ if gt (len .Alerts) 1 }} and {{ len (slice .Alerts 1) }} more{{ end }}',
].join('');

/** The template file `vigia.tmpl`. */
export const messageTemplates = Object.entries({
  'vigia.subject': subject,
  'vigia.telegram': telegram,
  'vigia.discord': discord,
  'vigia.email.text': emailText,
  'vigia.email.html': emailHtml,
})
  .map(([name, text]) => `{{ define "${name}" }}${text}{{ end }}\n`)
  .join('');
