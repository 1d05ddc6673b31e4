// The notification service of a desktop: owns the name that programs send notifications to, and
// keeps what it was sent.

import { ownName } from './dbus.mjs';

const URGENCY = ['low', 'normal', 'critical'];

/** Begins to take notifications on the session's bus. */
export async function takeNotifications() {
  const shown = [];
  const bus = await ownName('org.freedesktop.Notifications', ({ member, values }) => {
    if (member === 'GetServerInformation') return ['ssss', 'graphy-test', 'Graphy', '1', '1.2'];
    if (member !== 'Notify') return undefined;
    const [program, , icon, title, body, , hints] = values;
    const urgency = URGENCY[Object.fromEntries(hints).urgency];
    shown.push({ program, icon, title, body, urgency });
    return ['u', shown.length];
  });
  return { shown, close: bus.close };
}
