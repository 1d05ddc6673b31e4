import { TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Webhook } from '../../generated/Webhook';
import { formatDateTime } from '../../shared/format';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { PagePart } from '../../shared/page-part';
import { toast } from '../../shared/toasts';
import { useNow } from '../../shared/use-now';
import { useRpcMutation } from '../../shared/use-rpc';
import { useAlertChange } from './use-alert-change';

const URL_CHARS_MAX = 2_000;

/** Where firing and ended alerts are sent as a POST of JSON. */
export function WebhookSection({ webhook }: { webhook: Webhook | null }) {
  const bar = useOperateBar();
  const set = useAlertChange('alerts.set_webhook', 'The webhook was not changed');
  return (
    <PagePart
      title="Webhook"
      about="Alerts that begin or end are sent there as a POST of JSON."
      testId="webhook"
    >
      {webhook ? (
        <Current webhook={webhook} bar={bar} onRemove={() => set.change({ url: null })} />
      ) : (
        <p className="dim">Nothing is sent anywhere.</p>
      )}
      <WebhookForm
        bar={bar}
        busy={set.isPending}
        has={webhook !== null}
        onSave={(url, onDone) => set.change({ url }, onDone)}
      />
    </PagePart>
  );
}

function Current(props: { webhook: Webhook; bar: string | undefined; onRemove: () => void }) {
  const { webhook, bar, onRemove } = props;
  const now = useNow(10_000);
  const test = useRpcMutation('alerts.test_webhook', 'The webhook was not tried');
  const client = useQueryClient();
  const said = test.data ?? webhook;
  const tryIt = () =>
    test.mutate(
      {},
      {
        onSuccess: ({ error }) => {
          if (error === null) toast('The webhook took the trial');
          void client.invalidateQueries({ queryKey: ['alerts.list'] });
        },
      },
    );
  return (
    <>
      <dl className="facts webhook-facts">
        <dt>Address</dt>
        <dd className="mono">{webhook.url}</dd>
        <dt>Last taken</dt>
        <dd>
          {said.deliveredAt === null
            ? 'nothing yet'
            : formatDateTime(Math.min(said.deliveredAt, now))}
        </dd>
        <dt>Last attempt</dt>
        <dd className={said.error ? 'bad' : undefined}>
          {said.error ?? (said.deliveredAt === null ? 'none yet' : 'went well')}
        </dd>
      </dl>
      <div className="way-line webhook-actions">
        <BarredButton bar={bar} size="compact-xs" onClick={() => test.isPending || tryIt()}>
          {test.isPending ? 'Trying…' : 'Send a trial'}
        </BarredButton>
        <BarredButton bar={bar} danger size="compact-xs" onClick={() => askFirst(onRemove)}>
          Remove…
        </BarredButton>
      </div>
    </>
  );
}

function askFirst(onRemove: () => void): void {
  modals.openConfirmModal({
    title: 'Remove the webhook?',
    children: 'Whoever is told by it hears of no alert any more. Its address is not kept.',
    labels: { confirm: 'Remove the webhook', cancel: 'Keep' },
    confirmProps: { color: 'red' },
    onConfirm: onRemove,
  });
}

function WebhookForm(props: {
  bar: string | undefined;
  busy: boolean;
  has: boolean;
  onSave: (url: string, onDone: () => void) => void;
}) {
  const { bar, busy, has, onSave } = props;
  const [typed, setTyped] = useState('');
  const url = typed.trim();
  const fault = url === '' ? undefined : faultOfUrl(url);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (url !== '' && fault === undefined) onSave(url, () => setTyped(''));
  };
  return (
    <form className="webhook-form" onSubmit={submit}>
      <TextInput
        aria-label="Address of the webhook"
        placeholder="https://…"
        value={typed}
        error={fault}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <BarredButton
        bar={bar}
        type="submit"
        loading={busy}
        disabled={url === '' || fault !== undefined}
      >
        {has ? 'Replace' : 'Send there'}
      </BarredButton>
    </form>
  );
}

export function faultOfUrl(url: string): string | undefined {
  if (url.length > URL_CHARS_MAX) {
    return `At most ${URL_CHARS_MAX.toLocaleString('en-GB')} characters`;
  }
  if (!/^https?:\/\//i.test(url)) return 'An address that begins with http:// or https://';
  return URL.canParse(url) ? undefined : 'This is no address';
}
