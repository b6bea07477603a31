import { createDnsClient } from '../clients/dns.ts';
import type { Config } from '../model/config.ts';
import { fileLooker, type Look, lookUp } from '../server/inventory/look.ts';

/** What each source of the configuration names at this moment, and what is wrong with it. Nothing is kept of it. */
export async function sourcesInWords(
  { discovery }: Config,
  profiles: ReadonlyMap<string, unknown>,
): Promise<{ readonly lines: readonly string[]; readonly problems: number }> {
  const slugs = new Set(profiles.keys());
  const dns = (discovery?.dns ?? []).map(async (source) => {
    const { looks } = await lookUp(source, createDnsClient(source));
    return { title: `dns ${source.name}`, looks };
  });
  const files = (discovery?.files ?? []).map((source) => ({ title: `files ${source.name}`, looks: fileLooker(source, slugs)() }));
  const all: readonly { readonly title: string; readonly looks: readonly Look[] }[] = [...(await Promise.all(dns)), ...files];
  const problemsOf = (looks: readonly Look[]) => looks.flatMap(({ problem }) => (problem === '' ? [] : [problem]));
  return {
    lines: all.flatMap(({ title, looks }) => [
      `${title}: ${looks.flatMap(({ named }) => named ?? []).length} target(s)`,
      ...problemsOf(looks).map((problem) => `  ${problem}`),
    ]),
    problems: all.flatMap(({ looks }) => problemsOf(looks)).length,
  };
}
