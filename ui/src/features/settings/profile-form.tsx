import { Button, Modal, PasswordInput, Select, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Environment, Profile, ProfileDraft } from '../../platform';
import { useProfileChange } from '../../shared/use-profiles';
import { ProfileTrial, useProfileTrial } from './profile-trial';

const ENVIRONMENTS: Environment[] = ['local', 'development', 'testing', 'staging', 'production'];

/** Adds a deployment, or changes one. */
export function ProfileForm(props: {
  profile: Profile | undefined;
  isActive: boolean;
  onClose: () => void;
}) {
  const { profile } = props;
  const isRemote = profile?.kind !== 'embedded';
  const [draft, setDraft] = useState<ProfileDraft>({
    id: profile?.id,
    name: profile?.name ?? '',
    url: profile?.url ?? (isRemote ? 'http://' : undefined),
    environment: profile?.environment ?? 'staging',
    readOnly: profile?.readOnly ?? false,
  });
  const change = (part: Partial<ProfileDraft>) => setDraft((before) => ({ ...before, ...part }));
  const save = useProfileChange(
    (profiles, input: ProfileDraft) => profiles.save(input),
    'The deployment was not saved',
  );
  const trial = useProfileTrial();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(draft, { onSuccess: props.onClose });
  };
  const wrong = (field: string) => (save.error?.field === field ? save.error.message : undefined);
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={profile ? `Edit “${profile.name}”` : 'Add a deployment'}
    >
      <form className="profile-form" onSubmit={submit}>
        <TextInput
          label="Name"
          placeholder="what you call it"
          data-autofocus
          value={draft.name}
          error={wrong('name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {isRemote ? (
          <>
            <TextInput
              label="Address"
              description="As in http://10.0.0.5:7400. For TLS, connect through a local proxy."
              value={draft.url ?? ''}
              error={wrong('url')}
              onChange={(event) => change({ url: event.currentTarget.value })}
            />
            <PasswordInput
              label="Access token"
              description={
                profile?.hasToken
                  ? 'One is kept; fill this in only to replace it.'
                  : 'Made on the Settings page of that deployment.'
              }
              value={draft.token ?? ''}
              onChange={(event) => change({ token: event.currentTarget.value || undefined })}
            />
          </>
        ) : null}
        <Select
          label="Environment"
          description="The colour of the badge in every window"
          data={ENVIRONMENTS}
          value={draft.environment}
          allowDeselect={false}
          onChange={(value) => change({ environment: (value ?? 'local') as Environment })}
        />
        <Switch
          label="Read-only"
          description="Everything that would change something is refused by this console."
          checked={draft.readOnly}
          onChange={(event) => change({ readOnly: event.currentTarget.checked })}
        />
        {draft.environment === 'production' && !draft.readOnly ? (
          <p className="profile-danger">
            Edits made in this console will change production. Set it to read-only if you only want
            to look.
          </p>
        ) : null}
        {trial.data ? <ProfileTrial result={trial.data} /> : null}
        {props.isActive ? (
          <p className="dim">This deployment is in use: all windows begin anew when it is saved.</p>
        ) : null}
        <div className="profile-form-foot">
          {isRemote ? (
            <Button variant="default" loading={trial.isPending} onClick={() => trial.mutate(draft)}>
              Test connection
            </Button>
          ) : null}
          <Button type="submit" loading={save.isPending} disabled={draft.name.trim() === ''}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
