import { VigiaError } from '../../model/errors.ts';

/**
 * Cuts a stream of bytes into lines and hands each on without its end. What is kept between two pieces is at most one line.
 * @returns a function that takes the next piece. @throws VigiaError `far-too-large` for a line of more than `maxBytes`.
 */
export function lineCutter(what: string, maxBytes: number, onLine: (line: string) => void): (piece: Uint8Array) => void {
  let kept: Uint8Array[] = [];
  let size = 0;
  return (piece) => {
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      add(piece.subarray(from, end));
      const line = Buffer.concat(kept, size).toString('utf8');
      kept = [];
      size = 0;
      from = end + 1;
      if (line.trim() !== '') onLine(line);
    }
    // A copy: the rest of the piece would be kept alive with it.
    if (from < piece.length) add(Uint8Array.from(piece.subarray(from)));
  };

  function add(part: Uint8Array): void {
    size += part.length;
    if (size > maxBytes) throw new VigiaError('far-too-large', { what, limit: maxBytes });
    kept.push(part);
  }
}
