import { notifications } from '@mantine/notifications';
import { useEffect } from 'react';
import type { GraphSession } from '../graph/graph-session';
import { describeNotice, describeSkipped } from '../graph/wording';
import type { Skipped } from '../protocol';
import type { Notice } from '../replica';
import { useSession } from '../shared/active-session';
import { toast } from '../shared/toasts';

/** Says what became of one's own work, wherever the person is in the console. */
export function NoticeWatcher() {
  const session = useSession();
  useEffect(() => {
    if (session === undefined) return;
    const skips = new Map<string, Skipped[]>();
    return session.onNotice((notice) => {
      if (notice.kind === 'skipped') saySkipped(session, notice, skips);
      else {
        const said = describeNotice(notice, (id) => titleOf(session, id));
        if (said !== undefined) toast(said.title, said.message);
      }
    });
  }, [session]);
  return null;
}

/** One press may have been several commands: what they left is said together. */
function saySkipped(
  session: GraphSession,
  notice: Extract<Notice, { kind: 'skipped' }>,
  skips: Map<string, Skipped[]>,
): void {
  const press = session.undoKeys.gestureOf(notice.operationId) ?? notice.operationId;
  const before = skips.get(press) ?? [];
  const places = new Set(before.map(placeOf));
  const all = [...before, ...notice.skipped.filter((one) => !places.has(placeOf(one)))];
  skips.set(press, all);
  const { type } = notice;
  const { title, message } = describeSkipped({ type, skipped: all }, (id) => titleOf(session, id));
  const shown = { id: `skipped-${press}`, title, message, color: 'yellow', autoClose: 9_000 };
  if (before.length === 0) notifications.show(shown);
  else notifications.update(shown);
}

function placeOf({ entityId, field }: Skipped): string {
  return `${entityId} ${field ?? ''}`;
}

function titleOf(session: GraphSession, id: string): string {
  const title = session.replica.node(id)?.title ?? session.replica.edge(id)?.label;
  return title ? `“${title}”` : 'an entity that is gone';
}
