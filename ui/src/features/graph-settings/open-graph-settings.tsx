import { modals } from '@mantine/modals';
import { GraphSettings } from './graph-settings';

const MODAL = 'graph-settings';

/** Name, conflict policy and sharing of one graph. */
export function openGraphSettings(graphId: string): void {
  modals.open({
    modalId: MODAL,
    title: 'Settings of the graph',
    size: 860,
    children: <GraphSettings graphId={graphId} />,
  });
}
