/**
 * What is kept of each line of commands. A line is one client's numbered commands for one graph,
 * those without an outcome and those that were refused and wait for a person.
 */
import type { Envelope, RejectCode } from '../../../protocol';
import { answerOf, COMMANDS, LINES, openDatabase, transact } from './database';

export interface LineRecord {
  lineId: string;
  /** Whose line it is and for which graph: nobody else's commands go under their name. */
  scope: string;
  /** The name that the line was born with; `clientId` adds to it how often the count began anew. */
  name: string;
  rolls: number;
  nextSeq: number;
  /** The life of the graph in which the count began. */
  epoch?: string;
  touchedAt: number;
}

export interface Parked {
  code: RejectCode;
  message: string;
  field?: string;
}

export interface CommandRecord {
  lineId: string;
  operationId: string;
  /** Where it stands among the line's commands, whatever their numbers are. */
  place: number;
  envelope: Envelope;
  parked?: Parked;
}

/** Changes that belong together: all of them are written, or none. */
export interface LineWrite {
  line: LineRecord;
  puts: CommandRecord[];
  deletes: string[];
}

export interface LineStore {
  find: (scope: string) => Promise<LineRecord[]>;
  /** The line as it is now with its commands in order; `undefined` if it is gone. */
  read: (lineId: string) => Promise<{ line: LineRecord; commands: CommandRecord[] } | undefined>;
  write: (write: LineWrite) => Promise<void>;
  remove: (lineId: string) => Promise<void>;
}

/** The store in this browser. Rejects where there is none. */
export async function openLineStore(): Promise<LineStore> {
  const database = await openDatabase();
  const ofLine = (lineId: string) => IDBKeyRange.bound([lineId], [lineId, []]);
  return {
    find: (scope) =>
      answerOf(
        database.transaction(LINES).objectStore(LINES).index('scope').getAll(scope) as IDBRequest<
          LineRecord[]
        >,
      ),
    read: async (lineId) => {
      const transaction = database.transaction([LINES, COMMANDS]);
      const [line, commands] = await Promise.all([
        answerOf<LineRecord | undefined>(transaction.objectStore(LINES).get(lineId)),
        answerOf<CommandRecord[]>(transaction.objectStore(COMMANDS).getAll(ofLine(lineId))),
      ]);
      commands.sort((one, other) => one.place - other.place);
      return line && { line, commands };
    },
    write: ({ line, puts, deletes }) =>
      transact(database, 'readwrite', (lines, commands) => {
        lines.put(line);
        for (const operationId of deletes) commands.delete([line.lineId, operationId]);
        for (const record of puts) commands.put(record);
      }),
    remove: (lineId) =>
      transact(database, 'readwrite', (lines, commands) => {
        lines.delete(lineId);
        commands.delete(ofLine(lineId));
      }),
  };
}
