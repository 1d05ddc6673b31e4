import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// A deadline for what hangs, not a speed: machines that build beside are slow.
configure({ asyncUtilTimeout: 5_000 });

afterEach(() => cleanup());

// happy-dom has no media queries; Mantine asks for them when it starts.
window.matchMedia ??= vi.fn().mockImplementation((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
