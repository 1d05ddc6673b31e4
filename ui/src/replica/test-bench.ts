/** What the tests of the replica share: commands in short, and a replica on the fake server. */
import { FakeGraph } from '../platform/fake';
import type { GraphConnection } from '../platform/platform';
import type { CommandBody, Envelope, Node, ServerFrame } from '../protocol';
import { Replica } from './replica';
import type { SyncNeed, ViewChange } from './view-change';

export const node = (id: string, title = id): Node => ({
  id,
  kind: 'default',
  title,
  position: { x: 0, y: 0 },
  data: {},
});

export const create = (id: string): CommandBody => ({ type: 'CREATE_NODE', payload: node(id) });
export const rename = (id: string, title: string): CommandBody => ({
  type: 'UPDATE_NODE',
  payload: { id, patch: { title } },
});
export const move = (id: string, x: number): CommandBody => ({
  type: 'UPDATE_NODE',
  payload: { id, patch: { position: { x, y: 0 } } },
});
export const remove = (id: string): CommandBody => ({ type: 'DELETE_NODE', payload: { id } });
export const connect = (id: string, source: string, target: string): CommandBody => ({
  type: 'CREATE_EDGE',
  payload: { id, source, target },
});

export const welcomeOf = (userId: string): Extract<ServerFrame, { type: 'welcome' }> => ({
  type: 'welcome',
  sessionId: 's',
  userId,
  role: 'editor',
  access: 'edit',
  epoch: 'epoch-1',
  version: 0,
  graph: { graphId: 'g', name: 'g', ownerId: 'o', createdAt: 1, updatedAt: 1 },
  limits: {} as never,
  heartbeatMs: 10_000,
});

/** A replica wired to the fake graph; frames wait in `inbox` until `flush`. */
export class Bench {
  readonly graph = new FakeGraph('g', 'graph');
  readonly replica = new Replica();
  inbox: ServerFrame[] = [];
  needs: SyncNeed[] = [];
  readonly connection: GraphConnection;
  private count = 0;

  constructor(...seed: CommandBody[]) {
    for (const command of seed) this.graph.edit(command);
    this.connection = this.graph.open({
      onFrame: (frame) => this.inbox.push(frame),
      onStatus: () => undefined,
      position: () => this.replica.position,
      partial: () => this.replica.partial,
      onRestored: () => undefined,
      onDurable: () => undefined,
    });
    this.flush();
  }

  flush(): ViewChange {
    const change = this.replica.receive(this.inbox.splice(0));
    if (change.need !== 'none') {
      this.needs.push(change.need);
      if (change.need === 'digests') this.connection.requestDigests();
      else this.connection.requestSync(change.need);
      this.flush();
    }
    return change;
  }

  submit(command: CommandBody, also: Partial<Envelope> = {}): string {
    this.count += 1;
    const envelope = { ...command, ...also, operationId: `mine-${this.count}` } as Envelope;
    this.replica.submit(envelope);
    this.connection.send(envelope);
    return envelope.operationId;
  }

  title(id: string): string | undefined {
    return this.replica.node(id)?.title;
  }
}
