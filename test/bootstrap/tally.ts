/** How many checks passed, failed and were skipped. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** "12 passed, 0 failed", and what was skipped if anything was. */
export function tallyLine(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/**
 * The tally of vitest's JSON report. A file that could not even be loaded, no report at all, and an exit code that no
 * failed test explains (an unhandled rejection, no file found) each count as a failure.
 */
export function tallyOf(report: unknown, exitCode: number | null): Tally {
  let { passed, failed, skipped } = nothing;
  for (const file of listOf(report, 'testResults')) {
    const tests = listOf(file, 'assertionResults');
    for (const { status } of tests) {
      if (status === 'passed') passed += 1;
      else if (status === 'failed') failed += 1;
      else skipped += 1;
    }
    if (file['status'] === 'failed' && !tests.some((each) => each['status'] === 'failed')) failed += 1;
  }
  if (exitCode !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}

function listOf(value: unknown, key: string): Readonly<Record<string, unknown>>[] {
  const list = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return Array.isArray(list) ? list : [];
}
