/** Every shortcut of the console: the sheet shows this list, `useShortcuts` acts on it. */
export interface ShortcutGroup {
  title: string;
  items: ShortcutItem[];
}

export interface ShortcutItem {
  keys: string[];
  text: string;
  /** Listed only where the host can open windows. */
  needsWindows?: boolean;
}

export const SHORTCUTS: ShortcutGroup[] = [
  {
    title: 'Everywhere',
    items: [
      { keys: ['Ctrl', 'K'], text: 'Command palette' },
      { keys: ['?'], text: 'This sheet' },
      { keys: ['G', 'O'], text: 'Go to Overview' },
      { keys: ['G', 'G'], text: 'Go to Graph' },
      { keys: ['G', 'Q'], text: 'Go to Queues' },
      { keys: ['G', 'C'], text: 'Go to Conflicts' },
      { keys: ['G', 'L'], text: 'Go to the Lab' },
      { keys: ['G', 'A'], text: 'Go to Alerts' },
      { keys: ['G', 'Y'], text: 'Go to System' },
      { keys: ['G', 'U'], text: 'Go to Audit' },
      { keys: ['G', 'R'], text: 'Go to Reports' },
      { keys: ['G', 'S'], text: 'Go to Settings' },
      { keys: ['Ctrl', 'Shift', 'N'], text: 'Open another window', needsWindows: true },
    ],
  },
  {
    title: 'Graph',
    items: [
      { keys: ['N'], text: 'Add a node (or double-click the canvas)' },
      { keys: ['F2'], text: 'Rename the selected node (or double-click it)' },
      { keys: ['Del'], text: 'Delete the selection' },
      { keys: ['Ctrl', 'C'], text: 'Copy the selection' },
      { keys: ['Ctrl', 'V'], text: 'Paste' },
      { keys: ['Ctrl', 'Z'], text: 'Undo what you did last' },
      { keys: ['Ctrl', 'Shift', 'Z'], text: 'Redo (or Ctrl Y)' },
      { keys: ['Ctrl', 'A'], text: 'Select all nodes' },
      { keys: ['Shift', 'drag'], text: 'Select a box' },
      { keys: ['Arrows'], text: 'Move the selected nodes' },
      { keys: ['Ctrl', 'F'], text: 'Search nodes' },
      { keys: ['F'], text: 'Fit everything into view' },
      { keys: ['Esc'], text: 'Stop following, clear the selection, cancel a rename' },
      { keys: ['H'], text: 'History of the graph' },
      { keys: ['Ctrl', ','], text: 'Settings of the graph' },
    ],
  },
  {
    title: 'Queues',
    items: [
      { keys: ['J'], text: 'Next queue or job' },
      { keys: ['K'], text: 'Previous queue or job' },
      { keys: ['Enter'], text: 'Open it' },
      { keys: ['Esc'], text: 'Close the job, then the queue' },
      { keys: ['/'], text: 'Search' },
    ],
  },
  {
    title: 'Conflicts',
    items: [
      { keys: ['J'], text: 'Next conflict' },
      { keys: ['K'], text: 'Previous conflict' },
      { keys: ['M'], text: 'Choose mine (for all that are ticked)' },
      { keys: ['T'], text: 'Choose theirs (for all that are ticked)' },
      { keys: ['E'], text: 'Write a value of your own' },
      { keys: ['X'], text: 'Tick the conflict' },
      { keys: ['Enter'], text: 'Show it on its graph (in the list)' },
      { keys: ['/'], text: 'Search conflicts' },
    ],
  },
];

/** `true` while keys belong to a text field. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target === null) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
