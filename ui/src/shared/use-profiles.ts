import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiFailure, type Profile, type ProfileList, type Profiles } from '../platform';
import { usePlatform } from './platform-context';
import { toastFailure } from './toasts';

const KEY = ['profiles'];

/** The deployments this host can show; without data where there is only one. */
export function useProfiles() {
  const { profiles } = usePlatform();
  return useQuery<ProfileList, ApiFailure>({
    queryKey: KEY,
    queryFn: () => (profiles as Profiles).list(),
    enabled: profiles !== undefined,
    staleTime: 30_000,
  });
}

/** The deployment in use, where the host knows more than one. */
export function useActiveProfile(): Profile | undefined {
  const { data } = useProfiles();
  return data?.profiles.find((profile) => profile.id === data.activeId);
}

/** A change of the profiles. Failures become a toast titled `failedTitle`. */
export function useProfileChange<Input, Output>(
  change: (profiles: Profiles, input: Input) => Promise<Output>,
  failedTitle: string,
) {
  const { profiles } = usePlatform();
  const client = useQueryClient();
  return useMutation<Output, ApiFailure, Input>({
    mutationFn: (input) => change(profiles as Profiles, input),
    onError: (cause) => toastFailure(failedTitle, ApiFailure.from(cause)),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
