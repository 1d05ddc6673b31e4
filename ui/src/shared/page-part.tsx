import './page-parts.css';
import type { ReactNode } from 'react';

/** One part of a page: what it is, what there is to say of it, and what can be done beside it. */
export function PagePart(props: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  testId?: string;
  children: ReactNode;
}) {
  const { title, about, actions, testId, children } = props;
  return (
    <section className="panel page-part" aria-label={title} data-testid={testId}>
      <header>
        <h2 className="section-title">{title}</h2>
        {about ? <span className="dim">{about}</span> : null}
        <span className="push" />
        {actions}
      </header>
      {children}
    </section>
  );
}
