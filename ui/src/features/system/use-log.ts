import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';
import {
  EMPTY_FEED,
  following as followingAgain,
  type LogFeed,
  PAGE_LINES,
  withPage,
} from './log-feed';

export const LOG_AGAIN_MS = 1_500;

export interface LogFilter {
  level: string;
  text: string;
}

/**
 * The log of the node that answers, asked for again and again; the next question only after the
 * answer to the one before, and none while the page is hidden.
 */
export function useLog(filter: LogFilter) {
  const platform = usePlatform();
  const { level, text } = filter;
  const [feed, setFeed] = useState<LogFeed>(EMPTY_FEED);
  const [follow, setFollow] = useState(true);
  const [error, setError] = useState<ApiFailure>();
  const [heardAt, setHeardAt] = useState(0);
  const latest = useRef({ feed, follow });
  const change = useCallback((next: LogFeed) => {
    latest.current.feed = next;
    setFeed(next);
  }, []);
  const setFollowing = useCallback(
    (on: boolean) => {
      latest.current.follow = on;
      setFollow(on);
      if (on) change(followingAgain(latest.current.feed));
    },
    [change],
  );
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    change(EMPTY_FEED);
    const ask = async () => {
      const { lastId } = latest.current.feed;
      const request = {
        level,
        limit: PAGE_LINES,
        ...(text === '' ? {} : { text }),
        ...(lastId === undefined ? {} : { after: lastId }),
      };
      try {
        const page = await platform.rpc('system.logs', request);
        if (gone) return;
        change(withPage(latest.current.feed, page, latest.current.follow));
        setHeardAt(Date.now());
        setError(undefined);
      } catch (cause) {
        if (!gone) setError(ApiFailure.from(cause));
      }
    };
    const loop = async () => {
      if (!document.hidden) await ask();
      if (!gone) timer = setTimeout(() => void loop(), LOG_AGAIN_MS);
    };
    void loop();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [platform, level, text, change]);
  return { feed, follow, setFollowing, error, heardAt };
}
