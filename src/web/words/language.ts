import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { ai } from './ai.ts';
import { containers } from './containers.ts';
import { charts } from './charts.ts';
import { energy } from './energy.ts';
import { explanation } from './explanation.ts';
import { explore } from './explore.ts';
import { help } from './help.ts';
import { host } from './host.ts';
import { incident } from './incident.ts';
import { kubernetes } from './kubernetes.ts';
import { maintenance } from './maintenance.ts';
import { overview } from './overview.ts';
import { registry } from './registry.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';
import { targets } from './targets.ts';
import { wall } from './wall.ts';
import { threshold } from './threshold.ts';

const en = {
  ...shell.en,
  ...overview.en,
  ...host.en,
  ...containers.en,
  ...charts.en,
  ...energy.en,
  ...explore.en,
  ...wall.en,
  ...incident.en,
  ...explanation.en,
  ...targets.en,
  ...ai.en,
  ...registry.en,
  ...kubernetes.en,
  ...maintenance.en,
  ...settings.en,
  ...help.en,
  ...threshold.en,
};
const es = {
  ...shell.es,
  ...overview.es,
  ...host.es,
  ...containers.es,
  ...charts.es,
  ...energy.es,
  ...explore.es,
  ...wall.es,
  ...incident.es,
  ...explanation.es,
  ...targets.es,
  ...ai.es,
  ...registry.es,
  ...kubernetes.es,
  ...maintenance.es,
  ...settings.es,
  ...help.es,
  ...threshold.es,
};

export type Language = 'en' | 'es';
export type LanguageChoice = Language | 'auto';

const storageKey = 'vigia-language';

/** What a person chose on this browser; their account's choice replaces it after sign-in. */
export function storedChoice(): LanguageChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'en' || stored === 'es' ? stored : 'auto';
  } catch {
    return 'auto';
  }
}

export function languageOf(choice: LanguageChoice): Language {
  if (choice !== 'auto') return choice;
  return navigator.languages.find((tag) => /^(en|es)\b/.test(tag))?.startsWith('es') ? 'es' : 'en';
}

export async function chooseLanguage(choice: LanguageChoice): Promise<void> {
  try {
    if (choice === 'auto') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, choice);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  const language = languageOf(choice);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, es: { translation: es } },
    fallbackLng: 'en',
    // React escapes: words and names only ever become text nodes.
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await chooseLanguage(storedChoice());
}

/** Keys of words are checked by the compiler. */
declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}
