import { ActionIcon, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon } from '../../shared/icons';
import { toast, toastFailure } from '../../shared/toasts';

/** One group of settings: what it is about on the left, the settings on the right. */
export function Section(props: { title: string; about: string; children: ReactNode }) {
  return (
    <section className="panel settings-section">
      <div>
        <h2 className="section-title">{props.title}</h2>
        <p className="dim">{props.about}</p>
      </div>
      <div>{props.children}</div>
    </section>
  );
}

export function Copyable({ text }: { text: string | undefined }) {
  if (!text) return <span>–</span>;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => toast('Copied'),
      (cause) => toastFailure('Nothing was copied', cause),
    );
  return (
    <span className="copyable">
      <span className="mono">{text}</span>
      <Tooltip label="Copy">
        <ActionIcon size="sm" aria-label={`Copy ${text}`} onClick={() => void copy()}>
          <Icon name="copy" size={13} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}
