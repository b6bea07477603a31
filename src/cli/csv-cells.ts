/** Cells of a CSV file: where they end, and what numbers and times look like. */

/** Cells of one line; a cell in double quotes may hold commas, and a quote as two. */
export function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] === '"') {
      let text = '';
      for (at++; at < line.length; at++) {
        if (line[at] !== '"') text += line[at];
        else if (line[at + 1] === '"') text += line[at++];
        else break;
      }
      cells.push(text);
      const comma = line.indexOf(',', at);
      at = comma < 0 ? line.length + 1 : comma + 1;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      cells.push(line.slice(at, end).trim());
      at = end + 1;
    }
  }
  return cells;
}

/** A cell as it is written into a file. */
export const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const missing = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-']);
export const isMissing = (cell: string): boolean => cell === '' || (cell.length < 5 && missing.has(cell.toLowerCase()));

/** NaN for what is missing, `null` for what is no number. */
export function numberOf(cell: string): number | null {
  if (isMissing(cell)) return Number.NaN;
  const value = Number(cell);
  if (!Number.isNaN(value)) return value;
  const [, sign, infinite] = /^([+-]?)(inf)(?:inity)?$/i.exec(cell) ?? [];
  if (infinite === undefined) return null;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/;

export const isIsoTime = (cell: string): boolean => iso.test(cell) && timeOf(cell) !== null;

/** Milliseconds since 1970 of ISO 8601 (UTC where no zone is given) or of seconds or milliseconds since 1970; `null` for anything else. */
export function timeOf(cell: string): number | null {
  const found = iso.exec(cell);
  if (found !== null) {
    const text = cell.replace(' ', 'T');
    // A date alone is UTC by itself.
    const ms = Date.parse(found[1] === undefined && text.includes('T') ? `${text}Z` : text);
    return Number.isNaN(ms) ? null : ms;
  }
  const number = cell === '' ? Number.NaN : Number(cell);
  if (number >= 1e8 && number < 1e11) return number * 1000;
  return number >= 1e11 && number < 1e14 ? number : null;
}
