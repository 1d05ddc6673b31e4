export type * from './commands';
export type * from './console';
export type * from './domain';
export type * from './errors';
export type * from './frames';
