import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import { ApiFailure } from '../platform';
import { usePlatform } from '../shared/platform-context';
import { LoadingBox } from '../shared/state-box';

type Access = 'checking' | 'granted' | 'needed';

/** Lets in who has a token; asks the others for one. */
export function Gate({ children }: { children: ReactNode }) {
  const platform = usePlatform();
  const [access, setAccess] = useState<Access>('checking');
  const [reason, setReason] = useState<string>();

  useEffect(() => {
    let current = true;
    platform.start().then(
      (granted) => current && setAccess(granted ? 'granted' : 'needed'),
      (cause) => {
        if (!current) return;
        setReason(ApiFailure.from(cause).message);
        setAccess('needed');
      },
    );
    return () => {
      current = false;
    };
  }, [platform]);

  if (access === 'granted') return children;
  if (access === 'checking') return <LoadingBox what="the console" />;
  return <SignIn reason={reason} onSignedIn={() => setAccess('granted')} />;
}

function SignIn(props: { reason: string | undefined; onSignedIn: () => void }) {
  const platform = usePlatform();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(props.reason);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await platform.signIn(token.trim());
      props.onSignedIn();
    } catch (cause) {
      setFailure(ApiFailure.from(cause).message);
      setBusy(false);
    }
  };

  return (
    <main className="state-box">
      <form
        className="panel"
        style={{ width: 400, padding: 24, textAlign: 'left' }}
        onSubmit={submit}
      >
        <h1 className="page-title">Sign in to Graphy</h1>
        <p style={{ margin: '8px 0 16px' }}>
          Open the address that the server printed when it started: it carries a one-time ticket. Or
          paste an access token.
        </p>
        <PasswordInput
          label="Access token"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={failure}
          autoFocus
          autoComplete="off"
        />
        <Button type="submit" mt="md" fullWidth loading={busy} disabled={token.trim() === ''}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
