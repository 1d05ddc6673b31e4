import { configure, fireEvent, render, screen } from '@testing-library/react';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeQueues } from '../../platform/fake/queues';
import type { OperationName } from '../../protocol';
import { useFollowedRuns } from './bulk-runs';
import { useQueueView } from './queue-view';

// Polls come every three seconds, and the machine may have other things to do.
configure({ asyncUtilTimeout: 10_000 });

/** A console in front of a fake server with queues. */
export class Bench {
  readonly platform = new FakePlatform();
  readonly server = new FakeQueues(this.platform);

  constructor() {
    giveLayout();
    localStorage.clear();
    useQueueView.setState(useQueueView.getInitialState(), true);
    useFollowedRuns.setState(useFollowedRuns.getInitialState(), true);
  }

  /** Opens the console at a place of the page. */
  open(place = ''): void {
    window.location.hash = `#/queues${place}`;
    render(<App platform={this.platform} />);
  }

  /** What was asked of one operation, in order. */
  asked(operation: OperationName): unknown[] {
    return this.platform.calls
      .filter((call) => call.operation === operation)
      .map((call) => call.payload);
  }

  button(name: string | RegExp): Promise<HTMLButtonElement> {
    return screen.findByRole('button', { name });
  }

  async press(name: string | RegExp): Promise<void> {
    fireEvent.click(await this.button(name));
  }
}

/** Charts draw on a canvas, which happy-dom has not; flows in the browser look at them. */
export const NO_CHART = {
  default: class {
    setData() {}
    setSize() {}
    destroy() {}
  },
};
