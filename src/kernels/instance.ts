/** Opens the compiled kernels: one module, and for each thing that uses it an instance with a memory of its own. */
import { kernelBytes } from './bytes.ts';

/** What src/kernels/assembly exports; every address is a byte offset in the instance's memory. */
export interface KernelExports {
  growForest(...addresses: readonly number[]): number;
  allFinite(at: number, bytes: number): number;
  exactRows(...addresses: readonly number[]): void;
  exactRow(nodes: number, leaves: number, trees: number, row: number): number;
  batchRows(...addresses: readonly number[]): void;
  cohortTick(...addresses: readonly number[]): void;
  fleetOpen(...addresses: readonly number[]): void;
  fleetBegin(entity: number): void;
  fleetTick(values: number, count: number, sums: number, first: number, every: number, tree: number): void;
}

export interface Instance<Name extends string> {
  readonly call: KernelExports;
  readonly buffer: ArrayBuffer;
  /** Where each named part of the memory begins. */
  readonly at: Readonly<Record<Name, number>>;
}

const pageBytes = 65_536;
const mostPages = 65_536;
/** Parts begin on a cache line; the first ones are left to the module. */
const line = 64;

let compiled: WebAssembly.Module | null = null;

const compile = (): WebAssembly.Module => (compiled ??= new WebAssembly.Module(Buffer.from(kernelBytes, 'base64')));

/** False where there is no WebAssembly (Node.js may be started so), none with SIMD, or no address space for its memories. */
export function compilesKernels(): boolean {
  try {
    openInstance({ nothing: 1 });
    return true;
  } catch {
    return false;
  }
}

/**
 * An instance whose memory has room for the named parts, each of so many bytes (16 more are there to be read beyond its end).
 * @throws RangeError when they do not fit into 4 GiB.
 */
export function openInstance<Name extends string>(parts: Readonly<Record<Name, number>>): Instance<Name> {
  const at: Partial<Record<Name, number>> = {};
  let end = 16 * line;
  for (const [name, bytes] of Object.entries(parts) as [Name, number][]) {
    at[name] = end;
    end += Math.ceil((bytes + 16) / line) * line;
  }
  const pages = Math.ceil(end / pageBytes);
  if (pages > mostPages)
    throw new RangeError(`The kernels can hold ${mostPages * pageBytes} bytes at most, not ${end}; make several smaller ones.`);
  const memory = new WebAssembly.Memory({ initial: pages });
  const instance = new WebAssembly.Instance(compile(), { env: { memory } });
  return { call: instance.exports as KernelExports, buffer: memory.buffer, at: at as Record<Name, number> };
}
