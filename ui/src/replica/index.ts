export type { Mark } from './marks';
export {
  type Attention,
  type PendingCommand,
  Replica,
  type SyncNeed,
  type SyncProgress,
  type ViewChange,
} from './replica';
export { formatHash, parseHash } from './server-state';
