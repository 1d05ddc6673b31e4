import { useEffect } from 'react';
import type { GraphSession } from '../../graph/graph-session';
import { clearFocusRequest, requestFocus, useFocusRequest } from '../../shared/focus-request';
import { hrefOf, useRoute } from '../../shared/route';
import { toast } from '../../shared/toasts';
import { useFit } from './use-fit';

/** Brings into view what a link or another panel points at, and selects it. */
export function useFocusOnRequest(session: GraphSession): void {
  const { focus, graphId } = useRoute();
  const request = useFocusRequest((state) => state.request);
  const { fitNodes } = useFit();

  useEffect(() => {
    if (focus === undefined || graphId !== session.graphId) return;
    requestFocus(graphId, focus);
    // Once is enough: the same link must work again.
    history.replaceState(null, '', hrefOf('graph', graphId));
  }, [focus, graphId, session]);

  useEffect(() => {
    if (request?.graphId !== session.graphId) return;
    // The canvas knows its size, and where it begins, only after its first frame.
    const frame = requestAnimationFrame(() => {
      clearFocusRequest();
      const edge = session.replica.edge(request.entityId);
      const ids = edge ? [edge.source, edge.target] : [request.entityId];
      const present = new Set(ids.filter((id) => session.replica.node(id) !== undefined));
      if (present.size === 0) {
        toast('Not in the graph', `${request.entityId} has been deleted.`);
        return;
      }
      session.flow.selectOnly(present);
      fitNodes(present);
    });
    return () => cancelAnimationFrame(frame);
  }, [request, session, fitNodes]);
}
