/** Compiles src/kernels/assembly and writes the bytes into src/kernels/bytes.ts: `npm run kernels`. */
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const root = join(import.meta.dirname, '..', '..');
export const bytesFile = join(root, 'src/kernels/bytes.ts');

/** The bytes of the kernels. The compiler is pinned, so the same sources give the same bytes. @throws Error with what the compiler says. */
async function compileKernels(): Promise<Uint8Array> {
  const sources = globSync('src/kernels/assembly/*.ts', { cwd: root }).sort();
  const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd,relaxed-simd', '--use', 'abort='];
  let bytes: Uint8Array | null = null;
  const { error, stderr } = await asc.main([...sources, ...flags, '--baseDir', root, '--outFile', 'kernels.wasm'], {
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== 'string') bytes = contents;
    },
  });
  if (error !== null || bytes === null) throw new Error(`The kernels cannot be compiled: ${stderr.toString()}`);
  return bytes;
}

/** The generated file as it should be. */
export async function bytesText(): Promise<string> {
  const text = Buffer.from(await compileKernels()).toString('base64');
  const lines = text.match(/.{1,120}/g) ?? [];
  return [
    '/** What `npm run kernels` made of src/kernels/assembly: WebAssembly in base64. Not to be edited. */',
    'export const kernelBytes = `',
    ...lines,
    '`;',
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(bytesFile, await bytesText());
