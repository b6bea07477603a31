import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Smaller ones fit into a packet or two as they are. */
const leastCompressed = 2_000;

/** Each file again as browsers would rather have it: once compressed here, and never by the server. Brotli is taken over TLS alone. */
const compressed: Plugin = {
  name: 'compressed',
  writeBundle({ dir }, bundle) {
    for (const file of Object.values(bundle)) {
      const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
      if (dir === undefined || bytes.length < leastCompressed || !/\.(js|css|svg)$/.test(file.fileName)) continue;
      writeFileSync(join(dir, `${file.fileName}.gz`), gzipSync(bytes, { level: 9 }));
      writeFileSync(join(dir, `${file.fileName}.br`), brotliCompressSync(bytes));
    }
  },
};

/** The page: served by Vigía itself under any base path, so every address in it is relative to `<base href>`. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), compressed],
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    // Inlined files would be data: addresses, which the content security policy refuses for scripts and fonts.
    assetsInlineLimit: 0,
    // What every page needs is one file, not one for each thing that two pages share.
    chunkSizeWarningLimit: 800,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'base', tags: ['$initial'] }] } } },
  },
});
