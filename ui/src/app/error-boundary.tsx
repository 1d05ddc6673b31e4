import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';

interface Props {
  children: ReactNode;
  /** A new value gives the children another chance, for example after a page change. */
  resetKey?: string;
}

/** Keeps a fault in one part from taking the rest of the console along. */
export class ErrorBoundary extends Component<Props, { fault: Error | undefined }> {
  override state = { fault: undefined as Error | undefined };

  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  override componentDidUpdate(before: Props) {
    if (this.state.fault !== undefined && before.resetKey !== this.props.resetKey) {
      this.setState({ fault: undefined });
    }
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return (
      <div className="state-box" role="alert">
        <h2 className="page-title">This part of the console has stopped</h2>
        <p>{fault.message}</p>
        <p>Changes that the server has confirmed are safe.</p>
        <div style={{ display: 'flex', gap: 8 }}>
          <Button onClick={() => this.setState({ fault: undefined })}>Try again</Button>
          <Button variant="default" onClick={() => window.location.reload()}>
            Reload
          </Button>
        </div>
      </div>
    );
  }
}
