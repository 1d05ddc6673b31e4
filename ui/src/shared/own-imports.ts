import { create } from 'zustand';
import { ApiFailure, type Platform } from '../platform';
import { toastFailure } from './toasts';

/** Files over this size are refused here already: nothing we import comes near. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Imports that this window started and whose end it has not seen yet. */
export const useOwnImports = create<{ ids: ReadonlySet<string> }>(() => ({ ids: new Set() }));

export function forgetOwnImport(importId: string): void {
  useOwnImports.setState(({ ids }) => ({ ids: new Set([...ids].filter((id) => id !== importId)) }));
}

export async function startImport(platform: Platform, file: File): Promise<void> {
  try {
    if (file.size > FILE_BYTES_MAX) {
      throw new ApiFailure({
        code: 'too_large',
        message: `${file.name} is larger than 64 MiB`,
        retryable: false,
        traceId: '',
      });
    }
    const text = await file.text();
    const answer = await platform.rpc('graphs.import', {
      format: 'auto',
      fileName: file.name,
      text,
    });
    useOwnImports.setState(({ ids }) => ({ ids: new Set([...ids, answer.importId]) }));
  } catch (cause) {
    toastFailure(`${file.name} was not imported`, cause);
  }
}
