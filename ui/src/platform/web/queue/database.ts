/** The browser's database, as promises; only what the queue of commands needs of it. */

const NAME = 'graphy';
const VERSION = 1;

export const LINES = 'lines';
export const COMMANDS = 'commands';

/** Opens the database; rejects where the browser has none to give, as in some private windows. */
export function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, VERSION);
    opening.onupgradeneeded = () => {
      const database = opening.result;
      database.createObjectStore(LINES, { keyPath: 'lineId' }).createIndex('scope', 'scope');
      database.createObjectStore(COMMANDS, { keyPath: ['lineId', 'operationId'] });
    };
    opening.onsuccess = () => {
      // A newer version of this page wants to change the database: do not stand in its way.
      opening.result.onversionchange = () => opening.result.close();
      resolve(opening.result);
    };
    opening.onerror = () => reject(opening.error ?? new Error('the database cannot be opened'));
    opening.onblocked = () => reject(new Error('another window holds an old database open'));
  });
}

/** Runs `body` in one transaction; resolves once everything in it is written. */
export function transact<Result>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  body: (lines: IDBObjectStore, commands: IDBObjectStore) => Result,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([LINES, COMMANDS], mode);
    let result: Result;
    transaction.oncomplete = () => resolve(result);
    transaction.onerror = () => reject(transaction.error ?? new Error('the transaction failed'));
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction ended'));
    result = body(transaction.objectStore(LINES), transaction.objectStore(COMMANDS));
    // Not left to the page: it may be closed before its requests have answered.
    if (mode === 'readwrite') transaction.commit();
  });
}

/** The answer of one request. */
export function answerOf<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });
}
