import { useMutation } from '@tanstack/react-query';
import type { ExportedFile } from '../generated/ExportedFile';
import { ApiFailure, type Platform } from '../platform';
import type { OperationName, Operations, RequestOf } from '../protocol';
import { usePlatform } from './platform-context';
import { toast, toastFailure } from './toasts';

/** The operations that answer with a file. */
type ExportName = {
  [Name in OperationName]: Operations[Name][1] extends ExportedFile ? Name : never;
}[OperationName];

/** Hands a file to the host; says where it went, unless the person changed their mind. */
export async function saveExport(platform: Platform, file: ExportedFile): Promise<void> {
  const { fileName, mime, text, base64 } = file;
  const content = base64 !== undefined && base64 !== null ? { base64 } : { text: text ?? '' };
  const saved = await platform.saveFile(fileName, content, mime);
  if (saved !== null) toast('Saved', saved);
}

/** Asks the server for a file and saves it. Failures become a toast titled `failedTitle`. */
export function useSaveExport<Name extends ExportName>(operation: Name, failedTitle: string) {
  const platform = usePlatform();
  const { mutate, isPending } = useMutation<void, ApiFailure, RequestOf<Name>>({
    mutationFn: async (payload) => {
      const file = await platform.rpc(operation, payload);
      await saveExport(platform, file as ExportedFile);
    },
    onError: (cause) => toastFailure(failedTitle, ApiFailure.from(cause)),
  });
  return { save: (payload: RequestOf<Name>) => mutate(payload), isPending };
}
