import { Alert, Button, NumberInput, Select, Table, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, Fragment, useState } from 'react';
import type { CreatedToken, Role, TokenSummary } from '../../protocol';
import { formatDateTime, formatExpiry } from '../../shared/format';
import { BarredButton, useBar } from '../../shared/operating';
import { Person } from '../../shared/person';
import { FailureBox } from '../../shared/state-box';
import { useRpcMutation, useRpcQuery } from '../../shared/use-rpc';
import { Copyable, Section } from './section';

const ROLES: Role[] = ['viewer', 'editor', 'operator', 'admin'];
const DAYS_DEFAULT = 90;
/** Nothing stands for the person who makes the token. */
const USER_ID = /^[A-Za-z0-9_:.-]{0,128}$/;

export function TokenSection() {
  const [created, setCreated] = useState<CreatedToken>();
  return (
    <Section
      title="Access tokens"
      about="For other browsers, scripts and the command line. The server keeps only a hash of each."
    >
      <NewToken onCreated={setCreated} />
      {created ? (
        <Alert
          mt="sm"
          color="graphy"
          title={`Token “${created.name}”: copy it now, it is shown only once`}
          withCloseButton
          onClose={() => setCreated(undefined)}
        >
          <Copyable text={created.token} />
        </Alert>
      ) : null}
      <TokenTable />
    </Section>
  );
}

function NewToken({ onCreated }: { onCreated: (token: CreatedToken) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [user, setUser] = useState('');
  const [role, setRole] = useState<Role>('editor');
  const [days, setDays] = useState<number | string>(DAYS_DEFAULT);
  const bar = useBar('admin');
  const create = useRpcMutation('tokens.create', 'The token was not created');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const userId = user.trim();
    const expiresInDays = typeof days === 'number' && days > 0 ? days : undefined;
    create.mutate(
      { name: name.trim(), role, expiresInDays, ...(userId === '' ? {} : { userId }) },
      {
        onSuccess: (token) => {
          setName('');
          setUser('');
          onCreated(token);
          void client.invalidateQueries({ queryKey: ['tokens.list'] });
        },
      },
    );
  };
  return (
    <form className="settings-row" onSubmit={submit}>
      <TextInput
        label="Name"
        placeholder="who or what will use it"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="User"
        placeholder="yourself"
        w={110}
        value={user}
        error={USER_ID.test(user.trim()) ? undefined : 'Letters, digits and _ : . - only'}
        onChange={(event) => setUser(event.currentTarget.value)}
      />
      <Select
        label="Role"
        w={100}
        data={ROLES}
        value={role}
        allowDeselect={false}
        onChange={(value) => setRole((value ?? 'editor') as Role)}
      />
      <NumberInput label="Days valid" w={85} min={1} max={365} value={days} onChange={setDays} />
      <BarredButton
        bar={bar}
        type="submit"
        variant="filled"
        loading={create.isPending}
        disabled={name.trim() === '' || !USER_ID.test(user.trim())}
      >
        Create token
      </BarredButton>
    </form>
  );
}

function TokenTable() {
  const { data, error, refetch } = useRpcQuery('tokens.list', {});
  if (error) {
    return (
      <FailureBox title="The tokens cannot be read" cause={error} onRetry={() => void refetch()} />
    );
  }
  if (data === undefined) return <p className="dim">Loading the tokens…</p>;
  if (data.tokens.length === 0) return <p className="dim">No tokens yet.</p>;
  return (
    <Table mt="sm" fz={13} verticalSpacing={5}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>User</Table.Th>
          <Table.Th>Role</Table.Th>
          <Table.Th>Created</Table.Th>
          <Table.Th>Expires</Table.Th>
          <Table.Th>Last used</Table.Th>
          <Table.Th aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {data.tokens.map((token) => (
          <TokenRow key={token.tokenId} token={token} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function TokenRow({ token }: { token: TokenSummary }) {
  const client = useQueryClient();
  const revoke = useRpcMutation('tokens.revoke', 'The token was not revoked');
  const confirm = () =>
    modals.openConfirmModal({
      title: `Revoke “${token.name}”?`,
      children: 'Whoever uses it is signed out at once. This cannot be undone.',
      labels: { confirm: 'Revoke', cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () =>
        revoke.mutate(
          { tokenId: token.tokenId },
          { onSuccess: () => void client.invalidateQueries({ queryKey: ['tokens.list'] }) },
        ),
    });
  return (
    <Table.Tr>
      <Table.Td>{token.name}</Table.Td>
      <Table.Td>
        <Person userId={token.userId} />
      </Table.Td>
      <Table.Td>{token.role}</Table.Td>
      <Table.Td>
        <Whole text={formatDateTime(token.createdAt)} />
      </Table.Td>
      <Table.Td>
        <Whole text={formatExpiry(token.expiresAt)} />
      </Table.Td>
      <Table.Td>
        <Whole text={token.lastUsedAt ? formatDateTime(token.lastUsedAt) : 'never'} />
      </Table.Td>
      <Table.Td ta="right">
        <Button size="compact-xs" variant="default" loading={revoke.isPending} onClick={confirm}>
          Revoke
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

/** A moment that in a narrow window breaks between day and time, never at a dash. */
function Whole({ text }: { text: string }) {
  return text.split(' ').map((word) => (
    <Fragment key={word}>
      <span className="token-word">{word}</span>{' '}
    </Fragment>
  ));
}
