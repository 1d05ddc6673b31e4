import { createStore, type StoreApi } from 'zustand/vanilla';
import type { AlertNotice } from '../generated/AlertNotice';
import type { ConnectionStatus, Platform } from '../platform';
import type { ImportProgress, LiveFrame, OverviewSnapshot, RecentEvent } from '../protocol';
import { cancelFrame, scheduleFrame } from '../shared/frame-scheduler';
import { SeriesBuffers } from './series-buffers';

export interface LiveState {
  connection: ConnectionStatus;
  environment: string | undefined;
  imports: ReadonlyMap<string, ImportProgress>;
  events: readonly RecentEvent[];
  /** Alerts that began or ended while this window looked, newest first, each once. */
  alerts: readonly AlertNotice[];
  /** `Date.now()` of the last frame; `undefined` before the first. */
  heardAt: number | undefined;
  /** Grows when the server says that the list of graphs has changed. */
  graphsRevision: number;
  /** Grows with each applied batch of frames: charts redraw on it. */
  revision: number;
}

const EVENTS_MAX = 100;
const ALERTS_MAX = 50;
const INBOX_MAX = 600;

/**
 * Everything the server tells all the time, applied once per animation frame. While the page is
 * hidden frames wait (the oldest are dropped) and the charts are filled again on return.
 */
export class LiveStore {
  readonly store: StoreApi<LiveState> = createStore(() => ({
    connection: { state: 'connecting' },
    environment: undefined,
    imports: new Map(),
    events: [],
    alerts: [],
    heardAt: undefined,
    graphsRevision: 0,
    revision: 0,
  }));
  readonly series = new SeriesBuffers();
  private inbox: LiveFrame[] = [];
  private readonly stop: () => void;

  constructor(platform: Platform) {
    this.stop = platform.openLive({
      onFrame: (frame) => {
        this.inbox.push(frame);
        if (this.inbox.length > INBOX_MAX) this.inbox = this.inbox.slice(-INBOX_MAX / 2);
        const urgent = frame.imports.length > 0 || frame.alerts.length > 0;
        if (!document.hidden || urgent) scheduleFrame(this.applyInbox);
      },
      onStatus: (connection) => this.store.setState({ connection }),
    });
    document.addEventListener('visibilitychange', this.onVisible);
  }

  /** Fills the charts with what the server remembers. */
  load(snapshot: OverviewSnapshot): void {
    this.series.load(snapshot);
    this.store.setState((state) => ({
      events: mergeEvents(state.events, snapshot.events),
      revision: state.revision + 1,
    }));
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.onVisible);
    cancelFrame(this.applyInbox);
    this.stop();
  }

  private readonly onVisible = () => {
    if (!document.hidden) scheduleFrame(this.applyInbox);
  };

  private readonly applyInbox = () => {
    const frames = this.inbox;
    if (frames.length === 0) return;
    this.inbox = [];
    const before = this.store.getState();
    let { imports, events, alerts, environment, graphsRevision } = before;
    for (const frame of frames) {
      environment = frame.environment;
      if (frame.graphsChanged) graphsRevision += 1;
      this.series.append(frame.at, frame.points);
      if (frame.events.length > 0) events = mergeEvents(events, frame.events);
      if (frame.alerts.length > 0) alerts = mergeAlerts(alerts, frame.alerts);
      if (frame.imports.length > 0) imports = mergeImports(imports, frame.imports);
    }
    const revision = before.revision + 1;
    const heardAt = Date.now();
    this.store.setState({
      environment,
      imports,
      events,
      alerts,
      heardAt,
      graphsRevision,
      revision,
    });
  };
}

function mergeImports(
  before: ReadonlyMap<string, ImportProgress>,
  news: readonly ImportProgress[],
): ReadonlyMap<string, ImportProgress> {
  const merged = new Map(before);
  for (const progress of news) merged.set(progress.importId, progress);
  return merged;
}

function mergeAlerts(
  before: readonly AlertNotice[],
  news: readonly AlertNotice[],
): readonly AlertNotice[] {
  const known = new Set(before.map(alertKey));
  const added = news.filter((notice) => !known.has(alertKey(notice)));
  if (added.length === 0) return before;
  return [...added.reverse(), ...before].slice(0, ALERTS_MAX);
}

/** An alert begins or ends once at a time. */
export function alertKey({ ruleId, firing, at }: AlertNotice): string {
  return `${ruleId}|${firing}|${at}`;
}

/** Newest first, each once, however often the server repeats it. */
export function mergeEvents(
  before: readonly RecentEvent[],
  news: readonly RecentEvent[],
): readonly RecentEvent[] {
  // Ids start over with the server's process, so the time belongs to the identity.
  const key = (event: RecentEvent) => `${event.at}|${event.id}`;
  const known = new Set(before.map(key));
  const added = news.filter((event) => !known.has(key(event)));
  if (added.length === 0) return before;
  return [...added, ...before].sort((left, right) => right.at - left.at).slice(0, EVENTS_MAX);
}
