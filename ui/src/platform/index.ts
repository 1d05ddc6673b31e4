import type { Platform } from './platform';

export * from './platform';

/** The platform of the program that shows this page. The desktop one is loaded only there. */
export async function detectPlatform(): Promise<Platform> {
  if ('__TAURI_INTERNALS__' in window) {
    const { tauriPlatform } = await import('./tauri');
    return tauriPlatform();
  }
  const { webPlatform } = await import('./web');
  return webPlatform();
}
