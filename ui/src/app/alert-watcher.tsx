import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { AlertNotice } from '../generated/AlertNotice';
import { alertKey } from '../live/live-store';
import { useLive } from '../shared/live-context';
import { notifyOutside } from '../shared/own-notifications';
import { usePlatform } from '../shared/platform-context';

const BAD_MS = 20_000;
const GOOD_MS = 8_000;

/** Says when an alert begins or ends, wherever the person is; the list is read again then. */
export function AlertWatcher() {
  const client = useQueryClient();
  const { host } = usePlatform();
  const alerts = useLive((state) => state.alerts);
  const told = useRef(new Set<string>());
  useEffect(() => {
    const news = alerts.filter((notice) => !told.current.has(alertKey(notice)));
    if (news.length === 0) return;
    told.current = new Set(alerts.map(alertKey));
    for (const notice of [...news].reverse()) {
      say(notice);
      // A window of its own has a program around it that tells the desktop.
      if (host === 'web') notifyOutside(titleOf(notice), notice.text, notice.ruleId);
    }
    void client.invalidateQueries({ queryKey: ['alerts.list'] });
  }, [alerts, client, host]);
  return null;
}

function say(notice: AlertNotice): void {
  const { ruleId, severity, firing, text } = notice;
  // The end of an alert takes the place of its beginning.
  notifications.hide(`alert-${ruleId}-${!firing}`);
  notifications.show({
    id: `alert-${ruleId}-${firing}`,
    title: titleOf(notice),
    message: text,
    color: firing ? (severity === 'critical' ? 'red' : 'yellow') : 'teal',
    autoClose: firing ? BAD_MS : GOOD_MS,
  });
}

function titleOf({ title, firing, severity }: AlertNotice): string {
  return firing ? `${title} (${severity})` : `Over: ${title}`;
}
