import { modals } from '@mantine/modals';
import { usePlatform } from './platform-context';
import { SHORTCUTS } from './shortcuts';

export function openShortcutsSheet(): void {
  modals.open({
    modalId: 'shortcuts',
    title: 'Keyboard shortcuts',
    size: 'lg',
    children: <ShortcutsSheet />,
  });
}

function ShortcutsSheet() {
  const windows = usePlatform().openWindow !== undefined;
  return (
    <div
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(250px, 1fr))',
        gap: 28,
      }}
    >
      {SHORTCUTS.map((group) => (
        <section key={group.title}>
          <h3 className="section-title" style={{ marginBottom: 10 }}>
            {group.title}
          </h3>
          <dl className="facts" style={{ gap: '7px 14px' }}>
            {group.items
              .filter((item) => windows || !item.needsWindows)
              .map((item) => (
                <div key={item.text} style={{ display: 'contents' }}>
                  <dt style={{ whiteSpace: 'nowrap' }}>
                    {item.keys.map((key, index) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: the keys of a chord may repeat and never move
                      <kbd key={index}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{item.text}</dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
