import './profile-section.css';
import { Button, Table } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import type { Profile, ProfileDraft, ProfileList } from '../../platform';
import { EnvironmentBadge } from '../../shared/environment-badge';
import { Icon } from '../../shared/icons';
import { usePlatform } from '../../shared/platform-context';
import { FailureBox } from '../../shared/state-box';
import { useProfileChange, useProfiles } from '../../shared/use-profiles';
import { ProfileForm } from './profile-form';
import { ProfileTrial, useProfileTrial } from './profile-trial';
import { Section } from './section';

/** The deployments this console can show. Absent in a browser, which shows the one it came from. */
export function ProfileSection() {
  const { profiles } = usePlatform();
  const { data, error, refetch } = useProfiles();
  const [edited, setEdited] = useState<Profile | 'new'>();
  if (profiles === undefined) return null;
  return (
    <Section
      title="Deployments"
      about="The server inside this console, and others elsewhere. Changing over keeps nothing of the one before."
    >
      {error ? (
        <FailureBox
          title="The deployments cannot be read"
          cause={error}
          onRetry={() => void refetch()}
        />
      ) : null}
      {data ? (
        <>
          <Warnings list={data} />
          <ProfileTable list={data} onEdit={setEdited} />
        </>
      ) : null}
      {data === undefined && !error ? <p className="dim">Loading the deployments…</p> : null}
      <Button
        mt="sm"
        variant="default"
        leftSection={<Icon name="plus" size={14} />}
        onClick={() => setEdited('new')}
      >
        Add a deployment
      </Button>
      {edited ? (
        <ProfileForm
          profile={edited === 'new' ? undefined : edited}
          isActive={edited !== 'new' && edited.id === data?.activeId}
          onClose={() => setEdited(undefined)}
        />
      ) : null}
    </Section>
  );
}

function Warnings({ list }: { list: ProfileList }) {
  return (
    <>
      {list.tokenWarning ? (
        <Warning title="Tokens are kept in a file" text={list.tokenWarning} id="token-warning" />
      ) : null}
      {list.queueWarning ? (
        <Warning title="Unsent edits" text={list.queueWarning} id="queue-warning" />
      ) : null}
    </>
  );
}

function Warning(props: { title: string; text: string; id: string }) {
  return (
    <div className="profile-warning" role="note" data-testid={props.id}>
      <Icon name="warning" size={16} />
      <div>
        <strong>{props.title}</strong>
        <p>{props.text}</p>
      </div>
    </div>
  );
}

function ProfileTable(props: { list: ProfileList; onEdit: (profile: Profile) => void }) {
  const { profiles, activeId } = props.list;
  return (
    <Table fz={13} verticalSpacing={5} className="profiles" aria-label="Deployments">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>Environment</Table.Th>
          <Table.Th>Access</Table.Th>
          <Table.Th aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {profiles.map((profile) => (
          <ProfileRow
            key={profile.id}
            profile={profile}
            isActive={profile.id === activeId}
            onEdit={() => props.onEdit(profile)}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ProfileRow(props: { profile: Profile; isActive: boolean; onEdit: () => void }) {
  const { profile, isActive } = props;
  const trial = useProfileTrial();
  const activate = useProfileChange(
    (profiles, id: string) => profiles.activate(id),
    'The deployment was not changed',
  );
  const remove = useProfileChange(
    (profiles, id: string) => profiles.remove(id),
    'The deployment was not removed',
  );
  const isRemote = profile.kind === 'remote';
  return (
    <>
      <Table.Tr data-testid={`profile-${profile.name}`} data-active={isActive || undefined}>
        <Table.Td>
          <div className="profile-name">
            {profile.name}
            {isActive ? <span className="profile-active">in use</span> : null}
          </div>
          <div className="dim mono profile-url">
            {isRemote ? profile.url : 'inside this console'}
          </div>
        </Table.Td>
        <Table.Td>
          <EnvironmentBadge environment={profile.environment} />
        </Table.Td>
        <Table.Td>
          {profile.readOnly ? 'read-only' : 'can change'}
          {isRemote && !profile.hasToken ? <div className="profile-lack">no token</div> : null}
        </Table.Td>
        <Table.Td>
          <div className="profile-actions">
            {isActive ? null : (
              <Button
                size="compact-xs"
                loading={activate.isPending}
                onClick={() => confirmActivate(profile, () => activate.mutate(profile.id))}
              >
                Switch
              </Button>
            )}
            {isRemote ? (
              <Button
                size="compact-xs"
                variant="default"
                loading={trial.isPending}
                onClick={() => trial.mutate(draftOf(profile))}
              >
                Test
              </Button>
            ) : null}
            <Button size="compact-xs" variant="default" onClick={props.onEdit}>
              Edit
            </Button>
            {isRemote && !isActive ? (
              <Button
                size="compact-xs"
                variant="subtle"
                color="red"
                c="var(--g-bad)"
                loading={remove.isPending}
                onClick={() => confirmRemove(profile, () => remove.mutate(profile.id))}
              >
                Delete
              </Button>
            ) : null}
          </div>
        </Table.Td>
      </Table.Tr>
      {trial.data ? (
        <Table.Tr>
          <Table.Td colSpan={4} pt={0}>
            <ProfileTrial result={trial.data} />
          </Table.Td>
        </Table.Tr>
      ) : null}
    </>
  );
}

function draftOf({ id, name, url, environment, readOnly }: Profile): ProfileDraft {
  return { id, name, url, environment, readOnly };
}

function confirmActivate(profile: Profile, onConfirm: () => void): void {
  const isDangerous = profile.environment === 'production' && !profile.readOnly;
  if (!isDangerous) return onConfirm();
  modals.openConfirmModal({
    title: `Switch to ${profile.name}?`,
    children: 'This is a production deployment, and edits made in this console change it.',
    labels: { confirm: 'Switch to production', cancel: 'Stay' },
    confirmProps: { color: 'red' },
    onConfirm,
  });
}

function confirmRemove(profile: Profile, onConfirm: () => void): void {
  modals.openConfirmModal({
    title: `Delete “${profile.name}”?`,
    children:
      'Its address, its token and edits that were not sent to it are forgotten here. The deployment itself is not touched.',
    labels: { confirm: 'Delete', cancel: 'Keep' },
    confirmProps: { color: 'red' },
    onConfirm,
  });
}
