import { Popover, type PopoverProps } from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';

/**
 * A popover that has the focus while it is open, and gives it back. Escape closes it wherever the
 * focus is: a hasty one comes before the focus has moved into it, where a popover alone listens.
 * The page below learns first that this Escape is not for it.
 */
export function Flyout(
  props: PopoverProps & { opened: boolean; onChange: (opened: boolean) => void },
) {
  const { opened, onChange } = props;
  const onKey = (event: KeyboardEvent) => {
    if (!opened || event.key !== 'Escape') return;
    event.preventDefault();
    onChange(false);
  };
  useWindowEvent('keydown', onKey, { capture: true });
  return <Popover shadow="md" trapFocus returnFocus {...props} />;
}
