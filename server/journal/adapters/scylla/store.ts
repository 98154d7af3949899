/** What every part of the journal works with. */
import type { types } from "cassandra-driver";
import { genesisHash, seal } from "#server/journal/adapters/chain.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Cql } from "./cql.ts";
import type { Statements } from "./statements.ts";

export interface Store {
  readonly cql: Cql;
  readonly statements: Statements;
  /** Of the audit chain. */
  readonly key: Uint8Array;
  readonly journalId: string;
}

export const NO_JOURNAL = "There is no journal in the keyspace yet";

const FORMAT_VERSION = 1;
/** Consoles that found the same journal at the same moment stand in each other's way: a round without an answer is no end. */
const FOUND_ROUNDS_MAX = 5;

/**
 * Reads which journal this is, and makes it one when it is none yet and `mayMake`.
 *
 * @throws OpsError `refused` for a journal of a newer version or another key; `not-found` for none that may not be made
 */
export async function identify(
  { cql, statements, key }: Omit<Store, "journalId">,
  newId: () => string,
  mayMake: boolean,
): Promise<string> {
  const checkOf = (id: string) => seal(key, "journal", id);
  for (let round = 0; ; round += 1) {
    const [found] = await cql.read(statements.journal(), { serial: true });
    if (found !== undefined) return idOf(found, checkOf);
    if (!mayMake || round >= FOUND_ROUNDS_MAX) throw new OpsError("not-found", NO_JOURNAL);
    const id = newId();
    // Whatever the answer is, none included: the row says which journal it is, or that it has to be asked for again.
    await cql.conditional([statements.foundJournal(id, FORMAT_VERSION, checkOf(id))]);
  }
}

function idOf(found: types.Row, checkOf: (id: string) => string): string {
  const id = String(found.id);
  if (Number(found.format) > FORMAT_VERSION)
    throw new OpsError("refused", `The journal has format ${found.format}; this version knows ${FORMAT_VERSION}`);
  if (String(found.key_check) !== checkOf(id))
    throw new OpsError("refused", "The journal was written with another key than the one that is configured");
  return id;
}

/** The hash before the first event of a stream. */
export const genesisOf = ({ key, journalId }: Pick<Store, "key" | "journalId">, stream: string): string =>
  genesisHash(key, journalId, stream);

/** Runs `work` on each item, a few at a time; rejects with the first failure. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (;;) {
      const item = items[next];
      next += 1;
      if (item === undefined) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
}

/** The same with the answers, in the order of the items. */
export async function mapOf<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const answers = new Map<number, R>();
  await eachOf([...items.entries()], atOnce, async ([index, item]) => {
    answers.set(index, await work(item));
  });
  return items.flatMap((_, index) => {
    const answer = answers.get(index);
    return answer === undefined ? [] : [answer];
  });
}
