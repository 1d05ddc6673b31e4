import type { Platform } from '../../platform';
import type { Node, SimpleCommand } from '../../protocol';
import { refusalOf } from '../../shared/send-command';
import type { RunServer } from './run';

const HISTORY_PAGE = 200;
/** The largest run makes 4 × 60 × 50 commands; others may write at the same time. */
const HISTORY_PAGES_MAX = 200;

/** What the server says of a graph, asked past the Lab's bad networks. */
export function labServer(platform: Platform, graphId: string): RunServer {
  return {
    verify: () => platform.rpc('graph.verify', { graphId }),
    history: async (since) => {
      const found: string[] = [];
      let before: number | undefined;
      for (let page = 0; page < HISTORY_PAGES_MAX; page += 1) {
        const answer = await platform.rpc('history.list', {
          graphId,
          limit: HISTORY_PAGE,
          ...(before === undefined ? {} : { before }),
        });
        const news = answer.entries.filter(({ version }) => version > since);
        found.push(...news.map(({ operationId }) => operationId));
        if (answer.next === undefined || news.length < answer.entries.length) break;
        before = answer.next;
      }
      return found;
    },
  };
}

export const SCRATCH_PREFIX = 'Lab ';

/** A graph for the Lab alone, with the nodes that every scratch graph has. Returns its id. */
export async function makeScratchGraph(platform: Platform, now = new Date()): Promise<string> {
  const time = now.toISOString().slice(0, 19).replace('T', ' ');
  const { graphId } = await platform.rpc('graphs.create', { name: `${SCRATCH_PREFIX}${time}` });
  const sent = await platform.rpc('commands.send', {
    graphId,
    type: 'BATCH_UPDATE',
    payload: { operations: seedOperations(), atomic: true },
  });
  const refusal = refusalOf(sent.outcome);
  if (refusal !== undefined) throw refusal;
  return graphId;
}

const TITLES = [
  'Alpha',
  'Bravo',
  'Charlie',
  'Delta',
  'Echo',
  'Foxtrot',
  'Golf',
  'Hotel',
  'India',
  'Juliet',
  'Kilo',
  'Lima',
];
const COLUMNS = 4;
const STEP = { x: 300, y: 210 };

/** Twelve nodes under fixed ids, so that a recording made on one scratch graph fits the next. */
export function seedOperations(): SimpleCommand[] {
  const nodes = TITLES.map((title, index): Node => {
    const position = {
      x: STEP.x * (index % COLUMNS),
      y: STEP.y * Math.floor(index / COLUMNS),
    };
    return { id: seedId(index), kind: 'default', title, position, data: {} };
  });
  const operations: SimpleCommand[] = nodes.map((payload) => ({ type: 'CREATE_NODE', payload }));
  for (const [index] of TITLES.entries()) {
    const beside = (index + 1) % COLUMNS === 0 ? undefined : index + 1;
    const below = index + COLUMNS < TITLES.length && index % 2 === 0 ? index + COLUMNS : undefined;
    for (const other of [beside, below]) {
      if (other === undefined) continue;
      const id = `lab-edge-${index + 1}-${other + 1}`;
      operations.push({
        type: 'CREATE_EDGE',
        payload: { id, source: seedId(index), target: seedId(other), data: {} },
      });
    }
  }
  return operations;
}

function seedId(index: number): string {
  return `lab-${String(index + 1).padStart(2, '0')}`;
}
