import { create } from 'zustand';

const KEY = 'graphy.notify';

/** Whether this computer tells of alerts while the console is not looked at. */
export type NotifyState = 'absent' | 'refused' | 'off' | 'on';

/** A person turns it on by a button: nothing here asks for leave by itself. */
export const useNotify = create<{ state: NotifyState }>(() => ({ state: readState() }));

function readState(): NotifyState {
  if (typeof Notification === 'undefined') return 'absent';
  if (Notification.permission === 'denied') return 'refused';
  const wanted = localStorage.getItem(KEY) === 'on';
  return wanted && Notification.permission === 'granted' ? 'on' : 'off';
}

/** Asks the browser for leave, which asks the person. */
export async function allowNotifications(): Promise<void> {
  const permission = await Notification.requestPermission();
  if (permission === 'granted') localStorage.setItem(KEY, 'on');
  useNotify.setState({ state: readState() });
}

export function stopNotifications(): void {
  localStorage.removeItem(KEY);
  useNotify.setState({ state: readState() });
}

/** Tells it outside the page, if somebody wanted that and is not looking at it. */
export function notifyOutside(title: string, body: string, tag: string): void {
  if (useNotify.getState().state !== 'on' || document.hasFocus()) return;
  const shown = new Notification(title, { body, tag });
  shown.onclick = () => {
    window.focus();
    window.location.hash = '#/alerts';
    shown.close();
  };
}
