import { Button, Select, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type FormEvent, useState } from 'react';
import type { GraphSettingsView } from '../../generated/GraphSettingsView';
import type { GraphRole } from '../../protocol';
import { Person } from '../../shared/person';
import { useChange } from './use-change';

const EVERYONE = '*';
const DEFAULT_ROLE: GraphRole = 'edit';
const USER_ID = /^[A-Za-z0-9_:.-]{1,128}$/;

const ROLES: { role: GraphRole; label: string; about: string }[] = [
  { role: 'none', label: 'none', about: 'Does not even see what is in it.' },
  { role: 'view', label: 'view', about: 'Reads it, and is seen in it.' },
  { role: 'comment', label: 'comment', about: 'Also writes comments on nodes and edges.' },
  { role: 'edit', label: 'edit', about: 'Also changes nodes and edges, undoes and restores.' },
  { role: 'admin', label: 'admin', about: 'Also shares, names and deletes it, sets the policy.' },
];

interface Props {
  view: GraphSettingsView;
  readOnly: boolean;
}

/** The owner, everyone, and people with a role of their own. */
export function Sharing({ view, readOnly }: Props) {
  const { grants } = view.settings;
  const { graphId, ownerId } = view.graph;
  const { change, isPending } = useChange(graphId, 'The role was not changed');
  const set = (userId: string, role: GraphRole | null, onDone?: () => void) =>
    change('UPDATE_PERMISSIONS', { userId, role }, onDone);
  const people = Object.entries(grants)
    .filter(([userId]) => userId !== EVERYONE)
    .sort(([left], [right]) => left.localeCompare(right, 'en'));
  const everyone = grants[EVERYONE] ?? DEFAULT_ROLE;
  return (
    <>
      <table className="plain-table sharing-table">
        <thead>
          <tr>
            <th>Who</th>
            <th>Role</th>
            <th>May</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>
              <Person userId={ownerId} />
            </td>
            <td>owner</td>
            <td className="dim">Everything, always.</td>
            <td />
          </tr>
          <tr>
            <td>Everyone else</td>
            <td>
              <RoleSelect
                label="Role of everyone else"
                role={everyone}
                readOnly={readOnly}
                onChange={(role) => confirmed('everyone else', role, () => set(EVERYONE, role))}
              />
            </td>
            <td className="dim">{aboutOf(everyone)}</td>
            <td>{grants[EVERYONE] === undefined ? <span className="dim">default</span> : null}</td>
          </tr>
          {people.map(([userId, role]) => (
            <tr key={userId} data-testid={`grant-${userId}`}>
              <td>
                <Person userId={userId} />
              </td>
              <td>
                <RoleSelect
                  label={`Role of ${userId}`}
                  role={role}
                  readOnly={readOnly}
                  onChange={(chosen) => confirmed(userId, chosen, () => set(userId, chosen))}
                />
              </td>
              <td className="dim">{aboutOf(role)}</td>
              <td>
                {readOnly ? null : (
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={isPending}
                    aria-label={`Remove the role of ${userId}`}
                    onClick={() => confirmRemoval(userId, everyone, () => set(userId, null))}
                  >
                    Remove…
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {readOnly ? null : <AddPerson view={view} busy={isPending} set={set} />}
    </>
  );
}

function aboutOf(role: GraphRole): string {
  return ROLES.find((known) => known.role === role)?.about ?? '';
}

function RoleSelect(props: {
  label: string;
  role: GraphRole;
  readOnly: boolean;
  onChange: (role: GraphRole) => void;
}) {
  const { label, role, readOnly, onChange } = props;
  if (readOnly) return <span>{role}</span>;
  return (
    <Select
      aria-label={label}
      w={120}
      allowDeselect={false}
      value={role}
      data={ROLES.map((known) => ({ value: known.role, label: known.label }))}
      onChange={(chosen) => chosen !== null && chosen !== role && onChange(chosen as GraphRole)}
    />
  );
}

/** Locking somebody out is asked about; anything else is done. */
function confirmed(who: string, role: GraphRole, run: () => void): void {
  if (role !== 'none') {
    run();
    return;
  }
  modals.openConfirmModal({
    title: `Lock out ${who}?`,
    children: 'Windows that have the graph open lose it within a second.',
    labels: { confirm: 'Lock out', cancel: 'Cancel' },
    confirmProps: { color: 'red' },
    onConfirm: run,
  });
}

function confirmRemoval(userId: string, everyone: GraphRole, run: () => void): void {
  modals.openConfirmModal({
    title: `Remove the role of ${userId}?`,
    children: `From then on ${userId} has the role of everyone else: ${everyone}.`,
    labels: { confirm: 'Remove', cancel: 'Keep' },
    onConfirm: run,
  });
}

function AddPerson(props: {
  view: GraphSettingsView;
  busy: boolean;
  set: (userId: string, role: GraphRole, onDone: () => void) => void;
}) {
  const { view, busy, set } = props;
  const [typed, setTyped] = useState('');
  const [role, setRole] = useState<GraphRole>('edit');
  const userId = typed.trim();
  const fault = faultOf(userId, view);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (userId === '' || fault !== undefined) return;
    set(userId, role, () => setTyped(''));
  };
  return (
    <form className="settings-line" onSubmit={submit}>
      <TextInput
        aria-label="User id"
        placeholder="user id"
        w={190}
        value={typed}
        error={fault}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Select
        aria-label="Role of the new person"
        w={120}
        allowDeselect={false}
        value={role}
        data={ROLES.map((known) => ({ value: known.role, label: known.label }))}
        onChange={(chosen) => chosen !== null && setRole(chosen as GraphRole)}
      />
      <Button
        type="submit"
        variant="default"
        loading={busy}
        disabled={userId === '' || fault !== undefined}
      >
        Add a person
      </Button>
      <span className="dim">{aboutOf(role)}</span>
    </form>
  );
}

function faultOf(userId: string, { graph, settings }: GraphSettingsView): string | undefined {
  if (userId === '') return undefined;
  if (!USER_ID.test(userId)) return 'Letters, digits and _ : . - only, at most 128';
  if (userId === graph.ownerId) return 'The owner may do everything already';
  if (settings.grants[userId] !== undefined) return 'This person has a role already';
  return undefined;
}
