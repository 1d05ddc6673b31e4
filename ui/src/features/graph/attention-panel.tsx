import { Button, CloseButton } from '@mantine/core';
import { describeCommand, describeReason } from '../../graph/wording';
import { useGraphStatus } from '../../shared/active-session';
import { Icon } from '../../shared/icons';
import { useCanvasSession } from './canvas-state';
import { useFit } from './use-fit';

/** Lists what did not become what the person wanted, with the reason, until dismissed. */
export function AttentionPanel() {
  const session = useCanvasSession();
  const attention = useGraphStatus(session, (status) => status.attention);
  const { fitNodes } = useFit();
  if (attention.length === 0) return null;
  const dismissAll = () => {
    for (const item of attention) if (item.final) session.dismiss(item.operationId);
  };
  return (
    <section className="panel attention-panel" data-testid="attention-panel" aria-live="polite">
      <header>
        <Icon name="warning" size={15} />
        <strong>Needs attention ({attention.length})</strong>
        {attention.length > 1 ? (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={dismissAll}>
            Dismiss all
          </Button>
        ) : null}
      </header>
      <ul>
        {attention.map((item) => {
          const present = item.targets.filter((id) => session.replica.node(id) !== undefined);
          return (
            <li key={item.operationId}>
              <div>
                <div>{describeCommand(item.command)}</div>
                <div className="dim">
                  {describeReason(item)}{' '}
                  {item.final ? 'Your change was taken back.' : 'The server has not decided yet.'}
                </div>
                <div className="dim mono">
                  {item.code}
                  {item.field ? ` · ${item.field}` : ''}
                </div>
              </div>
              <div style={{ display: 'flex', gap: 4 }}>
                {present.length > 0 ? (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() => fitNodes(new Set(present))}
                  >
                    Show
                  </Button>
                ) : null}
                {item.final ? (
                  <>
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => session.retry(item.operationId)}
                    >
                      Try again
                    </Button>
                    <CloseButton
                      size="sm"
                      aria-label="Dismiss"
                      onClick={() => session.dismiss(item.operationId)}
                    />
                  </>
                ) : null}
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
