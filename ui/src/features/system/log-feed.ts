import type { LogLine } from '../../generated/LogLine';
import type { LogPage } from '../../generated/LogPage';

/** More lines than that no window keeps; the oldest go. */
export const LINES_MAX = 5_000;
/** As many as are asked for at once. */
export const PAGE_LINES = 500;

/** What a window shows of a log that goes on. */
export interface LogFeed {
  lines: readonly LogLine[];
  /** Came while the person was reading; shown when they follow again. */
  waiting: readonly LogLine[];
  /** The newest line that was heard of, matching or not; `undefined` before the first answer. */
  lastId: number | undefined;
  /** The oldest line that the node keeps. */
  since: number | null;
  /** Between two answers more lines came than one answer holds: there are holes. */
  holes: boolean;
}

export const EMPTY_FEED: LogFeed = {
  lines: [],
  waiting: [],
  lastId: undefined,
  since: null,
  holes: false,
};

/** Adds an answer. A log that counts from the beginning again is that of a new process. */
export function withPage(feed: LogFeed, page: LogPage, following: boolean): LogFeed {
  const restarted = feed.lastId !== undefined && page.lastId < feed.lastId;
  if (restarted) return EMPTY_FEED;
  const first = feed.lastId === undefined;
  const known = feed.waiting.at(-1)?.id ?? feed.lines.at(-1)?.id ?? 0;
  const news = page.lines.filter(({ id }) => id > known);
  const holes = feed.holes || (!first && page.lines.length >= PAGE_LINES);
  const next = { ...feed, lastId: page.lastId, since: page.since, holes };
  if (following || first) return { ...next, ...caughtUp(feed, news) };
  return { ...next, waiting: [...feed.waiting, ...news].slice(-LINES_MAX) };
}

/** Shows what waited. */
export function following(feed: LogFeed): LogFeed {
  return { ...feed, ...caughtUp(feed, []) };
}

function caughtUp(feed: LogFeed, news: readonly LogLine[]): Pick<LogFeed, 'lines' | 'waiting'> {
  if (feed.waiting.length === 0 && news.length === 0) return { lines: feed.lines, waiting: [] };
  return { lines: [...feed.lines, ...feed.waiting, ...news].slice(-LINES_MAX), waiting: [] };
}
