import { ActionIcon, Menu } from '@mantine/core';
import { Icon } from '../icons';
import { usePlatform } from '../platform-context';
import { toast, toastFailure } from '../toasts';

/** Saves what a chart shows, as a picture or as a table. */
export function ChartMenu(props: {
  /** Names the files. */
  name: string;
  title: string;
  csv: () => string;
  /** A PNG in base64. */
  picture: () => string;
}) {
  const { name, title, csv, picture } = props;
  const platform = usePlatform();
  const save = async (
    ending: string,
    mime: string,
    content: () => { text: string } | { base64: string },
  ) => {
    try {
      const saved = await platform.saveFile(`${name}.${ending}`, content(), mime);
      if (saved !== null) toast('Saved', saved);
    } catch (cause) {
      toastFailure('The chart was not saved', cause);
    }
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={`Save the chart ${title}`}>
          <Icon name="download" size={13} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void save('png', 'image/png', () => ({ base64: picture() }))}>
          Picture (PNG)
        </Menu.Item>
        <Menu.Item onClick={() => void save('csv', 'text/csv', () => ({ text: csv() }))}>
          Figures (CSV)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
