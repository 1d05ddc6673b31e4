import { Combobox, InputBase, useCombobox } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../shared/active-session';
import { plural } from '../shared/format';
import { openNewGraph } from '../shared/graph-dialogs';
import { Icon } from '../shared/icons';
import { AvatarStack } from '../shared/person';
import { navigate } from '../shared/route';
import { byGraph, usePeople } from '../shared/use-people';
import { useGraphs } from './use-current-graph';

const NEW_GRAPH = '\u0000new';

/** Chooses the open graph, or makes a new one. */
export function GraphPicker() {
  const session = useSession();
  const { data, isError, refetch } = useGraphs();
  const [search, setSearch] = useState('');
  const combobox = useCombobox({
    onDropdownOpen: () => {
      void refetch();
      combobox.focusSearchInput();
    },
    onDropdownClose: () => setSearch(''),
  });
  const people = usePeople({ enabled: combobox.dropdownOpened });
  const there = byGraph(people.query.data?.sessions ?? []);
  const graphs = data?.graphs ?? [];
  const current = graphs.find(({ graphId }) => graphId === session?.graphId);
  const wanted = search.trim().toLowerCase();
  const shown = graphs.filter(({ name }) => name.toLowerCase().includes(wanted));

  const choose = (value: string) => {
    combobox.closeDropdown();
    if (value === NEW_GRAPH) openNewGraph();
    else navigate('graph', value);
  };

  return (
    <Combobox store={combobox} onOptionSubmit={choose} width={320} position="bottom-start">
      <Combobox.Target targetType="button">
        <InputBase
          component="button"
          type="button"
          pointer
          size="xs"
          w={240}
          aria-label="Open graph"
          data-testid="graph-picker"
          rightSection={<Icon name="chevron" size={13} />}
          onClick={() => combobox.toggleDropdown()}
        >
          {current?.name ?? session?.graphId ?? 'No graph'}
        </InputBase>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          placeholder="Search graphs"
          aria-label="Search graphs"
        />
        <Combobox.Options mah={340} style={{ overflowY: 'auto' }}>
          {shown.map((graph) => (
            <Combobox.Option
              key={graph.graphId}
              value={graph.graphId}
              active={graph.graphId === session?.graphId}
            >
              <div className="picker-line">
                <span>{graph.name}</span>
                <AvatarStack people={there.get(graph.graphId) ?? []} />
              </div>
              <div className="dim" style={{ fontSize: 12 }}>
                {plural(graph.nodes, 'node')} · {plural(graph.edges, 'edge')}
              </div>
            </Combobox.Option>
          ))}
          {shown.length === 0 ? (
            <Combobox.Empty>
              {isError ? 'The list of graphs cannot be read' : 'No graph of that name'}
            </Combobox.Empty>
          ) : null}
          <Combobox.Option value={NEW_GRAPH}>
            <span style={{ display: 'inline-flex', gap: 8, alignItems: 'center' }}>
              <Icon name="plus" size={13} /> New graph…
            </span>
          </Combobox.Option>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
