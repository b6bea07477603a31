import { reasonOf, VigiaError } from '../model/errors.ts';

/** Opens the port of the page. @throws VigiaError `listen-in-use`, `listen-refused`. */
export async function listen(
  app: { listen(at: { host: string; port: number }): Promise<string> },
  host: string,
  port: number,
): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : '';
    if (code === 'EADDRINUSE') throw new VigiaError('listen-in-use', { host, port });
    throw new VigiaError('listen-refused', { host, port, reason: reasonOf(thrown) });
  }
}
