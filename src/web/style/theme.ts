import { createTheme, type CSSVariablesResolver, defaultVariantColorsResolver, type MantineColorsTuple } from '@mantine/core';

/** From paper to ink; the only colour of controls. Hues belong to states (tokens.css). */
const ink: MantineColorsTuple = [
  '#f5f6f7',
  '#e7e9ec',
  '#dcdfe4',
  '#c3c8cf',
  '#a0a8b2',
  '#6d7681',
  '#565e68',
  '#343a41',
  '#1f2429',
  '#16191d',
];

/** Mantine's dark surfaces (inputs 6, menus and dialogs 6–7, borders 4), in the tones of the tokens. */
const dark: MantineColorsTuple = [
  '#e7e9ec',
  '#c3c8cf',
  '#a0a8b2',
  '#6d7681',
  '#3a4149',
  '#2b3036',
  '#1d2125',
  '#181b1e',
  '#131517',
  '#101214',
];

export const theme = createTheme({
  primaryColor: 'ink',
  colors: { ink, dark },
  primaryShade: { light: 8, dark: 1 },
  autoContrast: true,
  // Ink with paper letters in both themes; Mantine would judge the contrast by the light theme alone.
  variantColorResolver: (input) =>
    input.variant === 'filled'
      ? {
          background: 'var(--ink)',
          hover: 'color-mix(in srgb, var(--ink) 85%, var(--sheet))',
          color: 'var(--sheet)',
          border: '1px solid transparent',
        }
      : defaultVariantColorsResolver(input),
  defaultRadius: 4,
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '600' },
});

const shared = {
  '--mantine-color-body': 'var(--ground)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--soft)',
  '--mantine-color-error': 'var(--bad)',
  '--mantine-color-placeholder': 'var(--soft)',
  '--mantine-color-default': 'var(--sheet)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-anchor': 'var(--ink)',
};

/** Mantine's own colours follow the tokens, so both themes are defined in one place. */
export const variables: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
