import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/tools/run.ts';
import { add, nothing, tallyLine, tallyOf } from './tally.ts';
import { starter } from './test-parts.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });

test('the tally counts tests, and skipped ones only when there are any', () => {
  const tally = tallyOf({ testResults: [file('passed', 'passed', 'passed', 'skipped'), file('failed', 'passed', 'failed', 'todo')] }, 1);
  expect(tally).toEqual({ passed: 3, failed: 1, skipped: 2 });
  expect(tallyLine(tally)).toBe('3 passed, 1 failed, 2 skipped');
  expect(tallyLine(add(nothing, { passed: 5, failed: 0, skipped: 0 }))).toBe('5 passed, 0 failed');
});

test('what ends without a failed test is still a failure', () => {
  expect(tallyOf({ testResults: [file('passed', 'passed'), file('failed')] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(tallyOf({ testResults: [file('failed', 'passed')] }, 0)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(tallyOf({ testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(tallyOf(null, 1).failed).toBe(1);
  expect(tallyOf({ testResults: 'nonsense' }, null).failed).toBe(1);
});

test('an unpacked program is started with its environment, from its folder, with the arguments as they are', async () => {
  const dir = mkdtempSync(join(tmpdir(), "vigia it's "));
  try {
    const path = join(dir, 'start');
    writeFileSync(path, starter({ file: '/bin/sh', env: { FONTCONFIG_FILE: `${dir}/$HOME` }, cwd: dir }), { mode: 0o755 });
    const args = ['-c', 'pwd; echo "$FONTCONFIG_FILE"; echo "$2"', 'sh', 'a', 'b "c"'];
    const { stdout } = await run({ file: path, args }, { timeoutMs: 20_000, maxBytes: 1_000 });
    expect(stdout).toBe(`${dir}\n${dir}/$HOME\nb "c"\n`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
