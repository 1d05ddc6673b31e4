import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiFailure, type Platform } from '../platform';
import { LiveProvider } from '../shared/live-context';
import { PlatformProvider } from '../shared/platform-context';
import { theme } from '../theme';
import { ErrorBoundary } from './error-boundary';
import { Gate } from './gate';
import { Shell } from './shell';

const RETRIES_MAX = 3;

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, cause) => count < RETRIES_MAX && ApiFailure.from(cause).retryable,
      },
    },
  });
}

export function App({ platform }: { platform: Platform }) {
  const [queryClient] = useState(createQueryClient);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <ErrorBoundary>
        <PlatformProvider platform={platform}>
          <QueryClientProvider client={queryClient}>
            <ModalsProvider>
              <Notifications position="top-center" limit={4} />
              <Gate>
                <LiveProvider>
                  <Shell />
                </LiveProvider>
              </Gate>
            </ModalsProvider>
          </QueryClientProvider>
        </PlatformProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}
