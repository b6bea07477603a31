import { startBench } from '../web/browser.ts';

const names: Readonly<Record<string, string>> = { db: 'db1', backup: 'backup' };

/** The picture of the README: the overview during an incident, with made-up hosts. */
export async function makePicture(file: string): Promise<void> {
  const bench = await startBench();
  try {
    bench.stub.use('incident');
    for (const target of bench.stub.scene.overview.targets) {
      const plain = Object.entries(names).find(([part]) => target.name.includes(part));
      Object.assign(target, { name: plain?.[1] ?? target.name, address: target.address.replace('127.0.0.1', '192.168.1.11') });
    }
    const { page } = await bench.open('', { viewport: { width: 1280, height: 620 }, colorScheme: 'light' });
    await page.getByText('Score, last hour').waitFor();
    await page.screenshot({ path: file });
  } finally {
    await bench.stop();
  }
}
