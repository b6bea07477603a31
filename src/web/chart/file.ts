import type uPlot from 'uplot';
import type { Columns } from './join.ts';

/** A chart's samples as CSV (RFC 4180): times as ISO 8601 in UTC, values as they came, nothing where there is no sample. */
export function chartCsv([times, ...values]: Columns, legends: readonly string[]): string {
  const rows = times.map((seconds, at) => [
    new Date(Math.round(seconds * 1000)).toISOString(),
    ...values.map((column) => String(column[at] ?? '')),
  ]);
  return [['time', ...legends.map(cell)], ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/** A legend is a label that came from elsewhere: no spreadsheet may take it for a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export interface PictureLine {
  readonly legend: string;
  readonly value: string;
  readonly colour: string;
}

/** A chart as a PNG: title above, legend below, on the ground of the present theme. */
export function chartPicture(
  plot: uPlot,
  { title, lines, ink, ground }: { title: string; lines: readonly PictureLine[]; ink: string; ground: string },
): Promise<Blob> {
  const from = plot.ctx.canvas;
  const ratio = from.width / plot.width;
  const [margin, head, row] = [12, 34, 20];
  const canvas = document.createElement('canvas');
  canvas.width = from.width + 2 * margin * ratio;
  canvas.height = from.height + (head + row * lines.length + margin) * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return Promise.reject(new Error('this browser has no canvas'));
  const family = getComputedStyle(document.body).fontFamily;
  context.fillStyle = ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, margin * ratio, head * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = ink;
  context.textBaseline = 'middle';
  context.font = `600 14px ${family}`;
  context.fillText(title, margin, head / 2);
  context.font = `12px ${family}`;
  for (const [at, { legend, value, colour }] of lines.entries()) {
    const y = head + from.height / ratio + row * (at + 0.5);
    context.fillStyle = colour;
    context.fillRect(margin, y - 1.5, 14, 3);
    context.fillStyle = ink;
    context.fillText(`${legend}  ${value}`, margin + 22, y);
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture could not be made')) : resolve(blob)), 'image/png'),
  );
}

/** Hands a file to the browser's downloads. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the download begins after this turn of the loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name that every file system takes: "CPU busy" becomes "cpu-busy.csv". */
export function fileName(title: string, kind: 'csv' | 'png'): string {
  const slug = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `${slug === '' ? 'chart' : slug.slice(0, 80)}.${kind}`;
}
