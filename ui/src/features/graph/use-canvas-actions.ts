import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useEffect, useMemo } from 'react';
import {
  addNode,
  type Clipboard,
  copyNodes,
  deleteEntities,
  freePlace,
  paste,
} from '../../graph/edits';
import { type GraphAction, useGraphActions } from '../../shared/graph-actions';
import { isTyping } from '../../shared/shortcuts';
import { startRename, useCanvasSession, useCanvasState } from './canvas-state';
import { useFit } from './use-fit';

export interface CanvasActions {
  add: () => void;
  rename: () => void;
  remove: () => void;
  copy: () => void;
  paste: () => void;
  undo: () => void;
  redo: () => void;
  selectAll: () => void;
  clear: () => void;
  search: () => void;
  fit: () => void;
}

/** Outlives the open graph: copies may go from one graph to another. */
let clipboard: Clipboard = { nodes: [], edges: [] };
let pastes = 0;

/** The editing actions, for buttons, keys and the command palette alike. */
export function useCanvasActions(): CanvasActions {
  const session = useCanvasSession();
  const { screenToFlowPosition } = useReactFlow();
  const flowStore = useStoreApi();
  const { fitAll } = useFit();
  return useMemo(() => {
    const selection = () => {
      const { nodes, edges } = session.flow.store.getState();
      return {
        nodes: nodes.filter((node) => node.selected).map(({ id }) => id),
        edges: edges.filter((edge) => edge.selected).map(({ id }) => id),
      };
    };
    const editing = (action: () => void) => () => {
      if (!session.readOnly) action();
    };
    return {
      add: editing(() => {
        const area = flowStore.getState().domNode?.getBoundingClientRect();
        const x = (area?.left ?? 0) + (area?.width ?? 0) / 2;
        const y = (area?.top ?? 0) + (area?.height ?? 0) / 2;
        const id = addNode(session, freePlace(session, screenToFlowPosition({ x, y })));
        session.flow.selectOnly(new Set([id]));
        startRename(id);
      }),
      rename: editing(() => {
        const [only, other] = selection().nodes;
        if (only !== undefined && other === undefined) startRename(only);
      }),
      remove: editing(() => {
        const { nodes, edges } = selection();
        deleteEntities(session, nodes, edges);
      }),
      copy: () => {
        const { nodes } = selection();
        if (nodes.length === 0) return;
        clipboard = copyNodes(session, nodes);
        pastes = 0;
      },
      paste: editing(() => {
        if (clipboard.nodes.length === 0) return;
        pastes += 1;
        session.flow.selectOnly(new Set(paste(session, clipboard, pastes)));
      }),
      undo: () => session.undo(),
      redo: () => session.redo(),
      selectAll: () => {
        const { nodes } = session.flow.store.getState();
        session.flow.selectOnly(new Set(nodes.map(({ id }) => id)));
      },
      clear: () => session.flow.selectOnly(new Set()),
      search: () => useCanvasState.setState({ searchOpen: true }),
      fit: fitAll,
    };
  }, [session, screenToFlowPosition, flowStore, fitAll]);
}

const PLAIN_KEYS: Record<string, keyof CanvasActions> = {
  n: 'add',
  f: 'fit',
  f2: 'rename',
  delete: 'remove',
  backspace: 'remove',
  escape: 'clear',
};

const CONTROL_KEYS: Record<string, keyof CanvasActions> = {
  z: 'undo',
  'shift+z': 'redo',
  y: 'redo',
  c: 'copy',
  v: 'paste',
  a: 'selectAll',
  f: 'search',
};

export function useCanvasKeys(actions: CanvasActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event) || event.altKey) return;
      if ((event.target as HTMLElement | null)?.closest?.('[role="dialog"]')) return;
      const control = event.ctrlKey || event.metaKey;
      const shift = control && event.shiftKey ? 'shift+' : '';
      const name = (control ? CONTROL_KEYS : PLAIN_KEYS)[`${shift}${event.key.toLowerCase()}`];
      if (name === undefined) return;
      // Text that somebody has marked is what they want to copy.
      if (name === 'copy' && window.getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      actions[name]();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [actions]);
}

/** Lists the actions in the command palette while the canvas is on screen. */
export function useOfferActions(actions: CanvasActions): void {
  useEffect(() => {
    const offered: GraphAction[] = [
      { id: 'graph-add', label: 'Add a node', keys: 'N', run: actions.add },
      { id: 'graph-rename', label: 'Rename the selected node', keys: 'F2', run: actions.rename },
      { id: 'graph-remove', label: 'Delete the selection', keys: 'Del', run: actions.remove },
      { id: 'graph-copy', label: 'Copy the selection', keys: 'Ctrl C', run: actions.copy },
      { id: 'graph-paste', label: 'Paste', keys: 'Ctrl V', run: actions.paste },
      { id: 'graph-undo', label: 'Undo my last change', keys: 'Ctrl Z', run: actions.undo },
      { id: 'graph-redo', label: 'Redo', keys: 'Ctrl Shift Z', run: actions.redo },
      { id: 'graph-search', label: 'Search nodes', keys: 'Ctrl F', run: actions.search },
      { id: 'graph-fit', label: 'Fit everything into view', keys: 'F', run: actions.fit },
    ];
    useGraphActions.setState({ actions: offered });
    return () => useGraphActions.setState({ actions: [] });
  }, [actions]);
}
