import './alerts.css';
import { TextInput } from '@mantine/core';
import { useState } from 'react';
import type { AlertList } from '../../generated/AlertList';
import type { AlertStatus } from '../../generated/AlertStatus';
import type { ApiFailure } from '../../platform';
import { plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { Icon } from '../../shared/icons';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { PagePart } from '../../shared/page-part';
import { titleOf } from '../../shared/series-names';
import { NotRead } from '../../shared/state-box';
import { ALERTS_AGAIN_MS, inOrder, useAlerts } from '../../shared/use-alerts';
import { useNow } from '../../shared/use-now';
import { EventHistory } from './event-history';
import { FiringList } from './firing-list';
import { NotifySection } from './notify-section';
import { openRuleForm } from './open-rule-form';
import { RuleTable } from './rule-table';
import { WebhookSection } from './webhook-section';

/** What fires, the rules by which it does, what fired before, and who is told. */
export default function AlertsPage() {
  const query = useAlerts();
  const { data } = query;
  if (data === undefined) return <NotRead what="the alerts" reading={query} />;
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="page-title">Alerts</h1>
        <Freshness reading={query} everyMs={ALERTS_AGAIN_MS} />
        <span className="push" />
        <NewRule list={data} />
      </div>
      <Parts list={data} fault={query.error ?? query.failureReason} />
    </div>
  );
}

function NewRule({ list }: { list: AlertList }) {
  const bar = useOperateBar();
  return (
    <BarredButton
      bar={bar}
      variant="filled"
      leftSection={<Icon name="plus" size={13} />}
      onClick={() => openRuleForm(undefined, list.rules)}
    >
      New rule
    </BarredButton>
  );
}

/** What is known now, or was known when it could last be read. */
function Parts({ list, fault }: { list: AlertList; fault: ApiFailure | null }) {
  const now = useNow(5_000);
  const rules = inOrder(list.rules);
  const firing = rules.filter(({ state }) => state === 'firing');
  const watched = rules.filter(({ state }) => state !== 'off').length;
  return (
    <>
      <PagePart
        title={firingWords(firing.length, fault !== null)}
        about={firing.length === 0 ? `${plural(watched, 'rule')} watched` : undefined}
        testId="firing"
      >
        {fault === null ? null : (
          <p className="alerts-unread" role="alert">
            The alerts cannot be read now: {fault.message}. What fires meanwhile is not shown here.
          </p>
        )}
        {fault === null || firing.length > 0 ? (
          <FiringList firing={firing} watched={watched} now={now} />
        ) : null}
      </PagePart>
      <Rules rules={rules} watched={watched} now={now} />
      <EventHistory events={list.events} />
      <div className="alert-ways">
        <NotifySection />
        <WebhookSection webhook={list.webhook} />
      </div>
    </>
  );
}

function firingWords(firing: number, old: boolean): string {
  if (firing === 0) return old ? 'Nothing fired when it was last read' : 'Nothing fires';
  return `${plural(firing, 'alert')} firing${old ? ' when it was last read' : ''}`;
}

function Rules(props: { rules: readonly AlertStatus[]; watched: number; now: number }) {
  const { rules, watched, now } = props;
  const [typed, setTyped] = useState('');
  const words = typed.trim().toLowerCase();
  const shown = rules.filter(({ rule }) =>
    [rule.title, rule.series, titleOf(rule.series), rule.note, rule.severity].some((text) =>
      text.toLowerCase().includes(words),
    ),
  );
  return (
    <PagePart
      title="Rules"
      about={`${plural(rules.length, 'rule')}, ${watched} watched`}
      actions={
        <TextInput
          aria-label="Find a rule"
          placeholder="Find a rule"
          w={200}
          value={typed}
          leftSection={<Icon name="search" size={13} />}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      }
      testId="rules"
    >
      {shown.length === 0 && rules.length > 0 ? (
        <p className="dim">No rule matches.</p>
      ) : (
        <RuleTable rules={shown} taken={rules} now={now} />
      )}
    </PagePart>
  );
}
