/**
 * How a replica whose checksum disagrees is mended: it asks for the digests of all buckets, then
 * for the content of those that differ. Only if that has failed twice, it asks for everything.
 */
import type { DigestsFrame } from '../protocol';
import { parseHash, type ServerState } from './server-state';

export type HealingNeed = 'digests' | 'full' | { buckets: number[] };

const TRIES_MAX = 2;

export class Healing {
  private stage: 'well' | 'digests' | 'buckets' = 'well';
  private tries = 0;

  get underWay(): boolean {
    return this.stage !== 'well';
  }

  get awaitsBuckets(): boolean {
    return this.stage === 'buckets';
  }

  /** The state is the server's. */
  proven(): void {
    this.stage = 'well';
    this.tries = 0;
  }

  /** What was asked for will not come, or was of no use. */
  giveUp(): void {
    this.stage = 'well';
  }

  /** The state differs; returns what to ask for, unless an answer is on its way. */
  differs(): HealingNeed | undefined {
    if (this.stage !== 'well') return undefined;
    if (this.tries >= TRIES_MAX) {
      this.tries = 0;
      return 'full';
    }
    this.tries += 1;
    this.stage = 'digests';
    return 'digests';
  }

  /** Compares digests of the present version; `'agrees'`: nothing has to be mended. */
  compare(frame: DigestsFrame, state: ServerState): HealingNeed | 'agrees' | undefined {
    if (this.stage !== 'digests') return undefined;
    this.stage = 'well';
    if (frame.version !== state.version) return this.differs();
    const own = state.bucketSums();
    if (frame.buckets.length !== own.length) return 'full';
    const buckets = own.flatMap((sum, bucket) =>
      parseHash(frame.buckets[bucket] ?? '') === sum ? [] : [bucket],
    );
    if (buckets.length === 0) return 'agrees';
    this.stage = 'buckets';
    return { buckets };
  }
}
