import type { Target } from './target.ts';

const plain = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** Whether a target is the one that somebody types: each word is in its name, address, id, profile or labels, whatever case and accents. */
export function finder(text: string): (target: Pick<Target, 'id' | 'name' | 'address' | 'profile' | 'labels'>) => boolean {
  const words = plain(text)
    .split(/\s+/)
    .filter((word) => word !== '');
  return ({ id, name, address, profile, labels }) => {
    if (words.length === 0) return true;
    const said = plain([name, address, id, profile, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join('\n'));
    return words.every((word) => said.includes(word));
  };
}
