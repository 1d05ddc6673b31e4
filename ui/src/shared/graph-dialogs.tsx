import { Button, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { navigate } from './route';
import { toast } from './toasts';
import { useRpcMutation } from './use-rpc';

export function openNewGraph(): void {
  modals.open({
    modalId: 'new-graph',
    title: 'New graph',
    children: <NewGraph />,
  });
}

export function openDeleteGraph(graph: { graphId: string; name: string }): void {
  modals.open({
    modalId: 'delete-graph',
    title: 'Delete this graph?',
    children: <DeleteGraph graphId={graph.graphId} name={graph.name} />,
  });
}

function NewGraph() {
  const [name, setName] = useState('');
  const client = useQueryClient();
  const create = useRpcMutation('graphs.create', 'The graph was not created');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { name: name.trim() },
      {
        onSuccess: async (graph) => {
          await client.invalidateQueries({ queryKey: ['graphs.list'] });
          modals.close('new-graph');
          navigate('graph', graph.graphId);
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" mt="md" loading={create.isPending} disabled={name.trim() === ''}>
        Create
      </Button>
    </form>
  );
}

/** Cannot be taken back, so the name has to be typed. */
function DeleteGraph({ graphId, name }: { graphId: string; name: string }) {
  const [typed, setTyped] = useState('');
  const client = useQueryClient();
  const remove = useRpcMutation('graphs.delete', 'The graph was not deleted');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate(
      { graphId },
      {
        onSuccess: async () => {
          await client.invalidateQueries({ queryKey: ['graphs.list'] });
          modals.close('delete-graph');
          toast('Graph deleted', name);
          navigate('graph');
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <p style={{ marginTop: 0 }}>
        All its nodes and edges are deleted for everybody. This cannot be undone.
      </p>
      <TextInput
        label={`Type “${name}” to confirm`}
        data-autofocus
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button
        type="submit"
        color="red"
        mt="md"
        loading={remove.isPending}
        disabled={typed !== name}
      >
        Delete the graph
      </Button>
    </form>
  );
}
