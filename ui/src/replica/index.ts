export type { Mark } from './marks';
export { Replica, type SyncProgress } from './replica';
export { formatHash, parseHash } from './server-state';
export type {
  Attention,
  Notice,
  PendingCommand,
  SyncNeed,
  ViewChange,
} from './view-change';
