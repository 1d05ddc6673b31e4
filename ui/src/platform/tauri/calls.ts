import { invoke } from '@tauri-apps/api/core';
import { ApiFailure } from '../platform';

/** Calls a command of the Rust side; what it refuses is thrown as `ApiFailure`. */
export async function call<Answer>(
  command: string,
  args: Record<string, unknown>,
): Promise<Answer> {
  try {
    return await invoke<Answer>(command, args);
  } catch (cause) {
    throw ApiFailure.from(cause);
  }
}

/**
 * Calls that are about the deployment this page was loaded for. The Rust side refuses them once it
 * shows another one, so that a page on its way out reaches nothing of the new one.
 */
export class DeploymentCalls {
  private generation: Promise<number> | undefined;

  async call<Answer>(command: string, args: Record<string, unknown>): Promise<Answer> {
    this.generation ??= call<{ generation: number }>('deployment', {}).then(
      (deployment) => deployment.generation,
    );
    const asked = this.generation;
    asked.catch(() => {
      if (this.generation === asked) this.generation = undefined;
    });
    return call(command, { generation: await asked, ...args });
  }
}
