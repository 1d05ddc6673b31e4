import { Tooltip } from '@mantine/core';
import { useRef } from 'react';
import type uPlot from 'uplot';
import type { AlertMark } from '../../generated/AlertMark';
import type { SeriesRange } from '../../generated/SeriesRange';
import { formatClock, formatDuration, formatValue, plural } from '../format';
import { useLive, useLiveStore } from '../live-context';
import { displayUnit, titleOf } from '../series-names';
import { shortMoment } from './axes';
import { ChartMenu } from './chart-menu';
import { csvOfLive, csvOfPast } from './csv';
import { LiveChart } from './live-chart';
import { pictureOf } from './picture';
import { RangeChart } from './range-chart';

export interface CardSeries {
  name: string;
  unit: string;
  help: string;
  metric: string;
}

const NO_MARKS: readonly AlertMark[] = [];

/**
 * One figure: what it is now, in its unit, and how it went; as it goes, or over the past time that
 * `history` holds. `since` says since when figures are measured as they go.
 */
export function ChartCard(props: {
  info: CardSeries;
  title?: string;
  testId: string;
  since: number;
  history?: SeriesRange;
  marks?: readonly AlertMark[];
}) {
  const { info, testId, since, history, marks = NO_MARKS } = props;
  const { name } = info;
  const live = useLiveStore();
  const plot = useRef<uPlot>(null);
  const unit = displayUnit(info.unit);
  const title = props.title ?? titleOf(name);
  const now = useLive(() => formatValue(live.series.last(name), unit));
  const first = useLive(() => live.series.data(name).at[0]);
  const begin = first === undefined ? since : first * 1000;
  const own = marks.filter(({ series, to }) => series === name && (to === null || to >= begin));
  const about = history ? aboutPast(history) : `since ${formatClock(begin)}`;
  const fired = history ? history.alerts.filter(({ series }) => series === name) : own;
  return (
    <section className="panel series-card" data-testid={testId}>
      <Help info={info} title={title} />
      <div className="series-now" data-testid={`${testId}-now`}>
        {now}
      </div>
      {history ? (
        <RangeChart past={{ history, name }} title={title} unit={unit} plot={plot} />
      ) : (
        <LiveChart name={name} title={title} unit={unit} marks={own} plot={plot} />
      )}
      <div className="series-since dim">
        <span className="series-about">{about}</span>
        <Fired marks={fired} />
        <span style={{ flex: 1 }} />
        <ChartMenu
          name={name}
          title={title}
          csv={() =>
            history ? csvOfPast({ history, name }) : csvOfLive(name, live.series.data(name))
          }
          picture={() => {
            if (plot.current === null) throw new Error('there is no chart yet');
            return pictureOf(plot.current.ctx.canvas, title, `${unitWords(unit)}${about}`);
          }}
        />
      </div>
    </section>
  );
}

const unitWords = (unit: string) => (unit === '' ? '' : `${unit}, `);

/** How coarse the steps are, and since when anything is known if that is in what is shown. */
function aboutPast({ at, stepMs, since }: SeriesRange): string {
  const first = at[0] ?? since;
  const from = Math.max(first, since);
  const older = since > first ? ', nothing older' : '';
  return `per ${formatDuration(stepMs)} since ${shortMoment(from)}${older}`;
}

function Help({ info, title }: { info: CardSeries; title: string }) {
  return (
    <Tooltip
      label={
        <>
          <div>{info.help}</div>
          <div className="mono">{info.metric}</div>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the help text must be reachable by keyboard */}
      <h2 className="series-title" tabIndex={0}>
        {title}
      </h2>
    </Tooltip>
  );
}

/** Names the alerts that are shaded in the chart. */
function Fired({ marks }: { marks: readonly AlertMark[] }) {
  if (marks.length === 0) return null;
  const titles = [...new Set(marks.map(({ title }) => title))].join(', ');
  return (
    <Tooltip label={titles}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: which alerts these are must be reachable by keyboard */}
      <span className="series-fired" tabIndex={0}>
        {plural(marks.length, 'alert')}
      </span>
    </Tooltip>
  );
}
