import type { ClientFrame, Envelope, PresenceState, ServerFrame } from '../../protocol';
import type { GraphConnection, GraphHandlers, SyncExtent } from '../platform';
import { LineSocket } from './line-socket';
import type { CommandLine } from './queue/command-line';
import { type OpenLines, openLines } from './queue/lines';
import type { Session } from './session';
import type { Transport } from './transport';

/** As whom a connection speaks. */
export interface Identity extends Pick<Session, 'owner' | 'token' | 'onRenewed' | 'offRenewed'> {
  /** What the others see; the token's user if absent. */
  displayName?: string;
}

/**
 * A browser's subscription to one graph: its own line of commands on a socket that brings
 * everything, and a passing socket for each line that another tab has left.
 */
export class WebGraphConnection implements GraphConnection {
  private lines: OpenLines | undefined;
  private own: LineSocket | undefined;
  private readonly orphans = new Map<CommandLine, LineSocket | undefined>();
  private readonly early: Envelope[] = [];
  private online = false;
  private closed = false;

  constructor(
    private readonly graphId: string,
    private readonly session: Identity,
    private readonly handlers: GraphHandlers,
    open: typeof openLines = openLines,
    private readonly transport?: Transport,
  ) {
    handlers.onStatus({ state: 'connecting' });
    session.onRenewed(this.renewToken);
    const scope = `${session.owner ?? 'nobody'} ${graphId}`;
    void open(scope, (line) => this.adopt(line)).then((lines) => this.start(lines));
  }

  get clientId(): string {
    return this.lines?.own.clientId ?? '';
  }

  send(envelope: Envelope): void {
    const line = this.lines?.own;
    if (line === undefined) this.early.push(envelope);
    else if (!line.push(envelope)) {
      const { operationId } = envelope;
      const message = 'too many changes wait for the server already';
      this.handlers.onFrame({ type: 'revert', operationId, code: 'rate_limited', message });
    }
  }

  requestSync(extent: SyncExtent): void {
    if (typeof extent === 'object') {
      return this.post({ type: 'request_sync', ...this.handlers.position(), ...extent });
    }
    const position = extent === 'delta' ? this.handlers.position() : undefined;
    this.post({ type: 'request_sync', ...position });
  }

  requestDigests(): void {
    this.post({ type: 'request_digests' });
  }

  sendPresence(state: PresenceState): void {
    this.post({ type: 'presence', ...state });
  }

  discard(operationId: string): void {
    this.lines?.own.discard(operationId);
    for (const line of this.orphans.keys()) {
      if (line.discard(operationId)) this.retire(line);
    }
  }

  close(): void {
    this.closed = true;
    this.session.offRenewed(this.renewToken);
    this.own?.close();
    for (const socket of this.orphans.values()) socket?.close();
    this.lines?.close();
  }

  private start(lines: OpenLines): void {
    if (this.closed) return lines.close();
    const { own, orphans } = lines;
    this.lines = lines;
    own.onDurable = this.handlers.onDurable;
    if (!own.durable) this.handlers.onDurable(false);
    const kept = [own, ...orphans].flatMap((line) => line.kept());
    if (kept.length > 0) this.handlers.onRestored(kept);
    for (const line of orphans) this.orphans.set(line, undefined);
    const { graphId, handlers, session, transport } = this;
    this.own = new LineSocket({
      graphId,
      line: own,
      transport,
      token: () => session.token,
      name: () => session.displayName,
      position: handlers.position,
      partial: handlers.partial,
      onFrame: (frame) => this.passOn(frame),
      onStatus: (status) => {
        this.online = status.state === 'online';
        handlers.onStatus(status);
      },
    });
    for (const envelope of this.early.splice(0)) this.send(envelope);
  }

  private passOn(frame: ServerFrame): void {
    this.handlers.onFrame(frame);
    // Now the replica is where the server is, so a second socket costs next to nothing.
    if (frame.type === 'sync' && this.handlers.position() !== undefined) this.emptyOrphans();
  }

  /** A tab has ended that shared this graph; what it left unsent is shown and sent from here. */
  private adopt(line: CommandLine): void {
    if (this.closed) return;
    this.handlers.onRestored(line.kept());
    this.orphans.set(line, undefined);
    if (this.online) this.emptyOrphans();
  }

  private emptyOrphans(): void {
    for (const [line, socket] of this.orphans) {
      if (socket !== undefined || line.waiting === 0) continue;
      const { graphId, handlers, session, transport } = this;
      const opened = new LineSocket({
        graphId,
        line,
        transport,
        token: () => session.token,
        name: () => session.displayName,
        position: handlers.position,
        partial: () => undefined,
        onFrame: (frame) => this.fromOrphan(line, frame),
        onStatus: () => undefined,
      });
      this.orphans.set(line, opened);
    }
  }

  /** Only what became of its commands is news; the rest comes on the own socket. */
  private fromOrphan(line: CommandLine, frame: ServerFrame): void {
    if (frame.type === 'command_result' || frame.type === 'revert') this.handlers.onFrame(frame);
    if (frame.type === 'sync' && frame.mode !== 'repair') {
      for (const landed of frame.landed) {
        this.handlers.onFrame({ type: 'command_result', ...landed });
      }
    }
    this.retire(line);
  }

  /** Ends the socket of a line in which nothing waits, and the line once nothing is in it. */
  private retire(line: CommandLine): void {
    if (line.waiting > 0) return;
    this.orphans.get(line)?.close();
    if (line.isEmpty) {
      this.orphans.delete(line);
      void line.settled().then(() => line.remove());
    } else this.orphans.set(line, undefined);
  }

  private readonly renewToken = () => {
    const { token } = this.session;
    if (token !== null) this.post({ type: 'token', token });
  };

  private post(frame: ClientFrame): void {
    this.own?.post(frame);
  }
}
