/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig, type ProxyOptions } from 'vite';

// Paths stay relative so that one bundle serves both the desktop window and the server's root.
export default defineConfig({
  base: './',
  plugins: [react()],
  clearScreen: false,
  server: { port: 5173, strictPort: true, proxy: devProxy() },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // Webfonts and images are never inlined: the content security policy names no data: fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    // A deadline for what hangs, not a speed: machines that build beside are slow.
    testTimeout: 15_000,
  },
});

/** With `GRAPHY_API_URL` set, `vite dev` shows the UI of a running server. */
function devProxy(): Record<string, ProxyOptions> {
  const target = process.env.GRAPHY_API_URL;
  return target === undefined ? {} : { '/api': { target, ws: true } };
}
