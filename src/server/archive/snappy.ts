/** Snappy's block format (google/snappy, format_description.txt), as far as remote_read needs it. */

const badBlock = () => new RangeError('no snappy block');

/** @throws RangeError when it is none, or says that it holds more than `maxBytes`. */
export function snappyDecode(block: Uint8Array, maxBytes: number): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = block[at++];
    if (byte === undefined || shift > 28) throw badBlock();
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > maxBytes) throw new RangeError(`a snappy block of ${length} bytes, more than ${maxBytes}`);
  const out = new Uint8Array(length);
  let filled = 0;
  const little = (bytes: number): number => {
    let value = 0;
    for (let index = 0; index < bytes; index++) {
      const byte = block[at++];
      if (byte === undefined) throw badBlock();
      value += byte * 2 ** (8 * index);
    }
    return value;
  };
  while (at < block.length) {
    const tag = little(1);
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const size = (short < 60 ? short : little(short - 59)) + 1;
      if (at + size > block.length || filled + size > length) throw badBlock();
      out.set(block.subarray(at, at + size), filled);
      at += size;
      filled += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) + little(1) : little(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > filled || filled + size > length) throw badBlock();
    // Byte by byte: a copy may reach into what it writes itself.
    for (let index = 0; index < size; index++, filled++) out[filled] = out[filled - offset] as number;
  }
  if (filled !== length) throw badBlock();
  return out;
}

const literalBytes = 65_536;

/** Literals only: on loopback nothing is gained by packing, and every reader must read it. */
export function snappyEncode(plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(5 + plain.length + 3 * Math.ceil(plain.length / literalBytes));
  let at = 0;
  for (let rest = plain.length; ; rest = Math.floor(rest / 128)) {
    out[at++] = rest < 128 ? rest : (rest % 128) | 0x80;
    if (rest < 128) break;
  }
  for (let from = 0; from < plain.length; from += literalBytes) {
    const part = plain.subarray(from, from + literalBytes);
    out.set([61 << 2, (part.length - 1) & 255, (part.length - 1) >> 8], at);
    out.set(part, at + 3);
    at += 3 + part.length;
  }
  return out.subarray(0, at);
}
