import type { ProfileDraft, ProfileTest } from '../../platform';
import { useProfileChange } from '../../shared/use-profiles';

/** Tries a connection out. */
export function useProfileTrial() {
  return useProfileChange(
    (profiles, draft: ProfileDraft) => profiles.test(draft),
    'The connection was not tested',
  );
}

const TITLES: Record<ProfileTest['result'], string> = {
  ok: 'Connected',
  unreachable: 'Unreachable',
  unauthorized: 'Not let in',
  wrong_version: 'Wrong version',
  invalid: 'Not an address',
};

/** What came of a trial. */
export function ProfileTrial({ result }: { result: ProfileTest }) {
  return (
    <p className="profile-trial" role="status" data-result={result.result}>
      <strong>{TITLES[result.result]}</strong>
      <span>
        {result.result === 'ok'
          ? `Graphy ${result.version}, calls itself “${result.environment}”, answered in ${result.latencyMs} ms`
          : result.message}
      </span>
    </p>
  );
}
