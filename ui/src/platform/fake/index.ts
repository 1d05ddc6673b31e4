import type { LiveFrame, OperationName, RequestOf, ResponseOf } from '../../protocol';
import { ApiFailure, type LiveHandlers, type Platform } from '../platform';
import { FakeGraph } from './fake-graph';

export { FakeGraph, fakeHash } from './fake-graph';

type Answers = {
  [Name in OperationName]?: (
    payload: RequestOf<Name>,
  ) => ResponseOf<Name> | Promise<ResponseOf<Name>>;
};

/** Rolling up is the work of a queue; here there is none. */
function nothingRolledUp(payload: unknown): ResponseOf<'graph.progress'> {
  const { graphId } = payload as RequestOf<'graph.progress'>;
  return { graphId, version: null, at: null, nodes: [], cut: false };
}

/** An in-memory server for Vitest. The product never loads it. */
export class FakePlatform implements Platform {
  readonly host = 'fake' as const;
  readonly capabilities = { nativeSave: false, signIn: false };
  readonly graphs = new Map<string, FakeGraph>();
  readonly calls: { operation: OperationName; payload: unknown }[] = [];
  readonly saved: { name: string; mime: string; text?: string; base64?: string }[] = [];
  readonly answers: Answers = {};
  /** Set by tests of hosts that have windows. */
  openWindow?: () => Promise<void>;
  private readonly live = new Set<LiveHandlers>();

  addGraph(graphId: string, name = graphId): FakeGraph {
    const graph = new FakeGraph(graphId, name);
    this.graphs.set(graphId, graph);
    return graph;
  }

  emit(frame: Partial<LiveFrame>): void {
    const whole: LiveFrame = {
      at: 0,
      environment: 'test',
      points: [],
      imports: [],
      events: [],
      alerts: [],
      graphsChanged: false,
      ...frame,
    };
    for (const { onFrame } of this.live) onFrame(whole);
  }

  async start(): Promise<boolean> {
    return true;
  }

  async signIn(): Promise<void> {}

  signOut(): void {}

  async rpc<Name extends OperationName>(
    operation: Name,
    payload: RequestOf<Name>,
  ): Promise<ResponseOf<Name>> {
    this.calls.push({ operation, payload });
    const answer = this.answers[operation] as
      | ((payload: RequestOf<Name>) => ResponseOf<Name>)
      | undefined;
    if (answer !== undefined) return answer(payload);
    if (operation === 'graphs.list') return this.list() as ResponseOf<Name>;
    if (operation === 'graph.progress') return nothingRolledUp(payload) as ResponseOf<Name>;
    throw new ApiFailure({
      code: 'not_found',
      message: `no answer for ${operation}`,
      retryable: false,
      traceId: 'fake',
    });
  }

  openLive(handlers: LiveHandlers): () => void {
    this.live.add(handlers);
    handlers.onStatus({ state: 'online' });
    return () => this.live.delete(handlers);
  }

  openGraph: Platform['openGraph'] = (graphId, handlers) => {
    const graph = this.graphs.get(graphId) ?? this.addGraph(graphId);
    return graph.open(handlers);
  };

  saveFile: Platform['saveFile'] = async (name, content, mime) => {
    this.saved.push({ name, mime, ...content });
    return name;
  };

  private list(): ResponseOf<'graphs.list'> {
    const graphs = [...this.graphs.values()].map(({ meta, state }) => ({
      ...meta,
      version: state.version,
      nodes: state.nodes.size,
      edges: state.edges.size,
    }));
    return { graphs };
  }
}
