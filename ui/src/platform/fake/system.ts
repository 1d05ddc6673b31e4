import type { DiagnosticsPreview } from '../../generated/DiagnosticsPreview';
import type { KeyMemory } from '../../generated/KeyMemory';
import type { LogLine } from '../../generated/LogLine';
import type { LogRequest } from '../../generated/LogRequest';
import type { NodeReport } from '../../generated/NodeReport';
import type { RedisReport } from '../../generated/RedisReport';
import type { ResponseOf } from '../../protocol';
import type { FakePlatform } from '.';

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'];
const LINES_DEFAULT = 200;
const HOUR_MS = 3_600_000;

/** Redis, nodes, logs and diagnostics of the fake server, for Vitest. */
export class FakeSystem {
  redis: RedisReport = {
    at: Date.now(),
    sections: [
      {
        title: 'memory',
        facts: [
          { label: 'In use', value: '41.2 MiB', source: 'used_memory', concern: false },
          {
            label: 'Fragmentation',
            value: '3.1',
            source: 'mem_fragmentation_ratio',
            concern: true,
          },
        ],
      },
      {
        title: 'persistence',
        facts: [
          {
            label: 'Append-only file',
            value: 'on, fsync each second',
            source: 'aof_enabled',
            concern: false,
          },
        ],
      },
    ],
    concerns: [],
    slowLog: [],
    slowLogThresholdUs: 10_000,
    commands: [{ command: 'evalsha', calls: 120_000, meanUs: 41.5, share: 0.61 }],
    replicas: [],
  };
  memory: KeyMemory = { completedAt: null, keysSeen: 500, keysTotal: 2_000, families: [] };
  nodes: NodeReport[] = [];
  here = 'node-1';
  /** Oldest first. */
  log: LogLine[] = [];
  preview: DiagnosticsPreview = {
    at: Date.now(),
    previewId: 'p-1',
    fileName: 'graphy-diagnostics.zip',
    files: [
      { name: 'redis.json', about: 'Redis in terms of people', bytes: 2_048, text: '{"used": 41}' },
      { name: 'log.txt', about: 'The last lines of the log', bytes: 300_000, text: 'first line' },
    ],
    leftOut: ['passwords, tokens and keys', 'what is in graphs'],
  };
  readonly saved: (string | undefined)[] = [];

  constructor(platform: FakePlatform) {
    const { answers } = platform;
    answers['system.redis'] = () => this.redis;
    answers['system.memory'] = () => this.memory;
    answers['system.nodes'] = () => ({ at: Date.now(), here: this.here, nodes: this.nodes });
    answers['system.logs'] = (request) => this.lines(request);
    answers['system.preview_diagnostics'] = () => this.preview;
    answers['system.save_diagnostics'] = ({ previewId }) => {
      this.saved.push(previewId);
      return { fileName: this.preview.fileName, mime: 'application/zip', base64: 'UEs=' };
    };
  }

  addNode(part: Partial<NodeReport>): NodeReport {
    const node: NodeReport = {
      nodeId: `node-${this.nodes.length + 1}`,
      role: 'all',
      host: 'bench',
      pid: 4_711,
      version: '0.1.0',
      startedAt: Date.now() - 5 * HOUR_MS,
      reportedAt: Date.now() - 1_000,
      process: null,
      tasks: [],
      workers: [],
      circuits: [],
      caches: [],
      probes: [],
      ...part,
    };
    this.nodes.push(node);
    return node;
  }

  write(message: string, level = 'INFO', fields: Record<string, string> = {}): void {
    const id = (this.log.at(-1)?.id ?? 0) + 1;
    this.log.push({ id, at: Date.now(), level, target: 'graphy_engine::worker', message, fields });
  }

  private lines(request: LogRequest): ResponseOf<'system.logs'> {
    const { level = 'trace', text = '', after = 0, limit = LINES_DEFAULT } = request;
    const least = LEVELS.indexOf(level.toUpperCase());
    const lines = this.log
      .filter((line) => line.id > after && LEVELS.indexOf(line.level) >= least)
      .filter(({ message }) => message.toLowerCase().includes(text.toLowerCase()))
      .slice(-limit);
    return {
      lines,
      lastId: this.log.at(-1)?.id ?? 0,
      since: this.log[0]?.at ?? null,
    };
  }
}
