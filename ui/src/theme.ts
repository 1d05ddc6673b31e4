import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** A calm blue: the one accent of the console. The ten shades go from light to dark. */
const graphy: MantineColorsTuple = [
  '#eaf1fd',
  '#d3e0f8',
  '#a6c0ef',
  '#7aa0e8',
  '#5685e0',
  '#3b6fd8',
  '#2f66d2',
  '#2455b4',
  '#1d4794',
  '#163874',
];

/** Neutrals of the dark scheme, text to background. */
const dark: MantineColorsTuple = [
  '#e3e8ef',
  '#c3cad4',
  '#a3acb9',
  '#7d8796',
  '#3c4552',
  '#2c343f',
  '#222932',
  '#181d24',
  '#13171d',
  '#0e1116',
];

/** For what destroys or has failed; white is readable on the shades that buttons have. */
const red: MantineColorsTuple = [
  '#fdecec',
  '#f8d3d3',
  '#efa9a9',
  '#e87f7f',
  '#e05a5a',
  '#cf3636',
  '#c22f2f',
  '#b42323',
  '#941d1d',
  '#741616',
];

/** Sizes and colours that Mantine shares with `styles.css`; nothing else names either. */
export const theme = createTheme({
  primaryColor: 'graphy',
  primaryShade: { light: 7, dark: 5 },
  colors: { graphy, dark, red },
  autoContrast: true,
  fontFamily: 'Inter, "Segoe UI", system-ui, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "JetBrains Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '14px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, multiline: true, maw: 320 } },
    TextInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Badge: { defaultProps: { size: 'md', radius: 'sm', tt: 'none', fw: 600, fz: 12 } },
    CloseButton: { defaultProps: { 'aria-label': 'Close' } },
    Modal: { defaultProps: { centered: true } },
  },
});
