import { Button } from '@mantine/core';
import { allowNotifications, stopNotifications, useNotify } from '../../shared/own-notifications';
import { PagePart } from '../../shared/page-part';
import { usePlatform } from '../../shared/platform-context';
import { toastFailure } from '../../shared/toasts';

/** Whether this computer tells of alerts while nobody looks at the console. */
export function NotifySection() {
  const { host } = usePlatform();
  return (
    <PagePart title="This computer" testId="notify">
      {host === 'tauri' ? (
        <p className="dim">The window tells the desktop by itself when an alert begins or ends.</p>
      ) : (
        <BrowserNotify />
      )}
    </PagePart>
  );
}

function BrowserNotify() {
  const state = useNotify((notify) => notify.state);
  if (state === 'absent') {
    return <p className="dim">This browser cannot tell of alerts outside the page.</p>;
  }
  if (state === 'refused') {
    return (
      <p className="dim">
        This browser was told not to let Graphy notify. Its settings of this site can change that.
      </p>
    );
  }
  const allow = () =>
    allowNotifications().catch((cause) => toastFailure('The browser was not asked', cause));
  return (
    <div className="way-line">
      {state === 'on' ? (
        <>
          <span>Alerts are told outside this page while you look elsewhere.</span>
          <Button variant="default" onClick={stopNotifications}>
            Stop
          </Button>
        </>
      ) : (
        <>
          <span className="dim">Alerts are told only inside this page.</span>
          <Button variant="default" onClick={() => void allow()}>
            Tell me outside it too
          </Button>
        </>
      )}
    </div>
  );
}
