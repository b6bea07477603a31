import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test('this machine has the compiled kernels, and the plain ones when it is asked for them', async () => {
  const { loadKernels } = await import('../../src/kernels/load.ts');
  expect(loadKernels().kind).toBe('webassembly');
  expect(loadKernels('typescript').kind).toBe('typescript');
});

test('where WebAssembly with SIMD is missing the plain kernels take over, and asking for the others says so', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  const { loadKernels } = await import('../../src/kernels/load.ts');
  expect(loadKernels().kind).toBe('typescript');
  expect(() => loadKernels('webassembly')).toThrow('no WebAssembly with SIMD');
});
