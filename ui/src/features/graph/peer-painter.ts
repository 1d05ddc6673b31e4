import type { FlowModel } from '../../graph/flow-model';
import type { Peers } from '../../graph/peers';
import type { Peer, Position } from '../../protocol';
import { cancelFrame, scheduleFrame } from '../../shared/frame-scheduler';
import { peerColor } from '../../shared/peer-color';

/** A cursor glides to where it was seen last for this long; more would show the past. */
const GLIDE_MS = 100;

interface Cursor {
  element: HTMLElement;
  from: Position;
  to: Position;
  startedAt: number;
}

/**
 * Draws other people's cursors and selections into one plane that lies over the graph and moves
 * with it. Elements are made and moved by hand, all in one animation frame: no component renders
 * because somebody moved a mouse.
 */
export class PeerPainter {
  private readonly cursors = new Map<string, Cursor>();
  private readonly rings = new Map<string, { element: HTMLElement; nodeId: string }>();
  private readonly stops: (() => void)[];
  private readonly still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor(
    private readonly plane: HTMLElement,
    private readonly peers: Peers,
    private readonly flow: FlowModel,
  ) {
    this.stops = [
      peers.onMove(() => scheduleFrame(this.update)),
      flow.store.subscribe(() => this.rings.size > 0 && scheduleFrame(this.update)),
    ];
    this.update();
  }

  /** Follows the view, in the same frame as the graph does. */
  lookFrom(x: number, y: number, zoom: number): void {
    this.plane.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
    this.plane.style.setProperty('--unzoom', String(1 / zoom));
  }

  stop(): void {
    for (const stop of this.stops) stop();
    cancelFrame(this.update);
    cancelFrame(this.glide);
    this.plane.replaceChildren();
  }

  private readonly update = () => {
    const now = performance.now();
    const seen = new Set<string>();
    const held = new Set<string>();
    for (const peer of this.peers.all) {
      if (peer.away) continue;
      if (peer.state.cursor !== undefined) {
        seen.add(peer.sessionId);
        this.aim(peer, peer.state.cursor, now);
      }
      for (const nodeId of peer.state.selection ?? []) {
        const key = `${peer.sessionId} ${nodeId}`;
        if (this.ring(key, nodeId, peer)) held.add(key);
      }
    }
    forget(this.cursors, seen);
    forget(this.rings, held);
    this.glide();
  };

  private aim(peer: Peer, to: Position, now: number): void {
    const known = this.cursors.get(peer.sessionId);
    const element = known?.element ?? this.newCursor(peer);
    element.dataset.idle = String(peer.state.idle ?? false);
    const label = element.lastElementChild;
    if (label !== null && label.textContent !== peer.name) label.textContent = peer.name;
    if (known === undefined) {
      this.cursors.set(peer.sessionId, { element, from: to, to, startedAt: now - GLIDE_MS });
    } else if (known.to.x !== to.x || known.to.y !== to.y) {
      known.from = this.still ? to : placeOf(known, now);
      known.to = to;
      known.startedAt = now;
    }
  }

  private newCursor(peer: Peer): HTMLElement {
    const element = document.createElement('div');
    element.className = 'peer-cursor';
    element.dataset.testid = `peer-cursor-${peer.sessionId}`;
    element.dataset.name = peer.name;
    element.style.setProperty('--peer', peerColor(peer.color));
    element.innerHTML = POINTER;
    const label = document.createElement('span');
    label.className = 'peer-label';
    element.append(label);
    this.plane.append(element);
    return element;
  }

  private ring(key: string, nodeId: string, peer: Peer): boolean {
    const node = this.flow.node(nodeId);
    if (node === undefined) return false;
    let ring = this.rings.get(key);
    if (ring === undefined) {
      const element = document.createElement('div');
      element.className = 'peer-ring';
      element.dataset.testid = `peer-ring-${nodeId}`;
      element.dataset.name = peer.name;
      element.style.setProperty('--peer', peerColor(peer.color));
      this.plane.prepend(element);
      ring = { element, nodeId };
      this.rings.set(key, ring);
    }
    const { style } = ring.element;
    style.transform = `translate(${node.position.x}px, ${node.position.y}px)`;
    style.width = `${node.width ?? 0}px`;
    style.height = `${node.height ?? 0}px`;
    return true;
  }

  private readonly glide = () => {
    const now = performance.now();
    let moving = false;
    for (const cursor of this.cursors.values()) {
      const { x, y } = placeOf(cursor, now);
      cursor.element.style.transform = `translate(${x}px, ${y}px) scale(var(--unzoom))`;
      moving ||= now - cursor.startedAt < GLIDE_MS;
    }
    if (moving) scheduleFrame(this.glide);
  };
}

const POINTER =
  '<svg width="18" height="20" viewBox="0 0 18 20" aria-hidden="true"><path d="M1.5 1.2 16 8.6l-6.3 2L6.3 17Z"/></svg>';

function placeOf({ from, to, startedAt }: Cursor, now: number): Position {
  const share = Math.min(1, (now - startedAt) / GLIDE_MS);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function forget(drawn: Map<string, { element: HTMLElement }>, keep: ReadonlySet<string>): void {
  for (const [key, { element }] of drawn) {
    if (keep.has(key)) continue;
    element.remove();
    drawn.delete(key);
  }
}
