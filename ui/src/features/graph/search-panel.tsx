import { CloseButton, TextInput } from '@mantine/core';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { EntityNode } from '../../graph/flow-model';
import { plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { useCanvasSession, useCanvasState } from './canvas-state';
import { useFit } from './use-fit';

const SHOWN_MAX = 12;

/** Finds nodes by title, id or kind. Enter goes to the marked one, the button to all. */
export function SearchPanel() {
  const open = useCanvasState((state) => state.searchOpen);
  return open ? <OpenPanel /> : null;
}

function OpenPanel() {
  const session = useCanvasSession();
  const nodes = useStore(session.flow.store, (flow) => flow.nodes);
  const [text, setText] = useState('');
  const [marked, setMarked] = useState(0);
  const { fitNodes } = useFit();
  const found = useMemo(() => search(nodes, text), [nodes, text]);
  const shown = found.slice(0, SHOWN_MAX);

  const close = () => useCanvasState.setState({ searchOpen: false });
  const show = (ids: string[]) => {
    if (ids.length === 0) return;
    const chosen = new Set(ids);
    session.flow.selectOnly(chosen);
    fitNodes(chosen);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown') setMarked(Math.min(marked + 1, shown.length - 1));
    else if (event.key === 'ArrowUp') setMarked(Math.max(marked - 1, 0));
    else if (event.key === 'Enter') {
      const node = shown[marked];
      if (node) show([node.id]);
    } else return;
    event.preventDefault();
  };

  return (
    <search className="panel search-panel">
      <TextInput
        data-autofocus
        autoFocus
        value={text}
        placeholder="Title, id or kind"
        aria-label="Search nodes"
        leftSection={<Icon name="search" size={13} />}
        rightSection={<CloseButton size="sm" aria-label="Close the search" onClick={close} />}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setMarked(0);
        }}
        onKeyDown={onKeyDown}
      />
      {text.trim() === '' ? null : (
        <>
          <div className="search-list">
            {shown.map((node, index) => (
              <button
                type="button"
                key={node.id}
                className="search-item"
                data-marked={index === marked}
                onClick={() => show([node.id])}
              >
                <span>{node.data.entity.title || node.id}</span>
                <span className="dim">{node.data.entity.kind}</span>
              </button>
            ))}
          </div>
          <div className="search-foot dim" role="status">
            {found.length === 0 ? 'Nothing found' : plural(found.length, 'node')}
            {found.length > 1 ? (
              <button
                type="button"
                className="link-button"
                onClick={() => show(found.map(({ id }) => id))}
              >
                Show all
              </button>
            ) : null}
          </div>
        </>
      )}
    </search>
  );
}

/** Titles that begin with the text come first. */
export function search(nodes: readonly EntityNode[], text: string): EntityNode[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const first: EntityNode[] = [];
  const others: EntityNode[] = [];
  for (const node of nodes) {
    const { id, title, kind } = node.data.entity;
    const lower = title.toLowerCase();
    if (lower.startsWith(wanted)) first.push(node);
    else if (lower.includes(wanted) || id.toLowerCase().includes(wanted) || kind === wanted) {
      others.push(node);
    }
  }
  return [...first, ...others];
}
