/** Every statement of the journal. */
import type { Statement } from "./cql.ts";
import { eventStatements } from "./event-statements.ts";
import { noteStatements } from "./note-statements.ts";
import type { Token } from "./rows.ts";
import { big, say } from "./say.ts";
import { quoteKeyspace } from "./schema.ts";

export type Statements = ReturnType<typeof statementsOn>;

/** @param keyspaceName as the database spells it */
export function statementsOn(keyspaceName: string) {
  const ks = quoteKeyspace(keyspaceName);
  return {
    ...leaseStatements(ks),
    ...eventStatements(ks),
    ...noteStatements(ks),
    ...stateStatements(ks),
    ...sharedStatements(ks),
  };
}

/** Which journal it is, who writes it, and what names it has. */
function leaseStatements(ks: string) {
  return {
    journal: () => say(`SELECT id, format, key_check FROM ${ks}.journal WHERE name = 'journal'`),
    foundJournal: (id: string, format: number, keyCheck: string) =>
      say(
        `INSERT INTO ${ks}.journal (name, id, format, key_check) VALUES ('journal', ?, ?, ?) IF NOT EXISTS`,
        id,
        format,
        keyCheck,
      ),

    lease: () => say(`SELECT epoch, owner, holder, beat FROM ${ks}.lease WHERE name = 'writer'`),
    firstLease: (owner: string, holder: string) =>
      say(
        `INSERT INTO ${ks}.lease (name, epoch, owner, holder, beat) VALUES ('writer', 1, ?, ?, 0) IF NOT EXISTS`,
        owner,
        holder,
      ),
    takeLease: (seen: { readonly epoch: number; readonly beat: number }, owner: string, holder: string) =>
      say(
        `UPDATE ${ks}.lease SET epoch = ?, owner = ?, holder = ?, beat = 0 WHERE name = 'writer' IF epoch = ? AND beat = ?`,
        big(seen.epoch + 1),
        owner,
        holder,
        big(seen.epoch),
        big(seen.beat),
      ),
    beatLease: (epoch: number, beat: number) =>
      say(`UPDATE ${ks}.lease SET beat = ? WHERE name = 'writer' IF epoch = ?`, big(beat), big(epoch)),
    leaveLease: (epoch: number) =>
      say(`UPDATE ${ks}.lease SET owner = null, holder = null WHERE name = 'writer' IF epoch = ?`, big(epoch)),

    names: (kind: string) => say(`SELECT name, epoch, digest FROM ${ks}.registry WHERE kind = ?`, kind),
    fenceNames: (kind: string, epoch: number, seen: number | null) =>
      say(
        `UPDATE ${ks}.registry SET epoch = ? WHERE kind = ? IF epoch = ?`,
        big(epoch),
        kind,
        seen === null ? null : big(seen),
      ),
    addName: (
      kind: string,
      name: string,
      { epoch, seen, digest }: { readonly epoch: number; readonly seen: string | null; readonly digest: string },
    ): readonly Statement[] => [
      say(
        `UPDATE ${ks}.registry SET digest = ? WHERE kind = ? IF epoch = ? AND digest = ?`,
        digest,
        kind,
        big(epoch),
        seen,
      ),
      say(`INSERT INTO ${ks}.registry (kind, name) VALUES (?, ?)`, kind, name),
    ],
  };
}

/** Small records. */
function stateStatements(ks: string) {
  return {
    stateToken: (namespace: string) =>
      say(`SELECT epoch, turn FROM ${ks}.state WHERE namespace = ? LIMIT 1`, namespace),
    fenceState: (namespace: string, seen: Token | null, next: Token) =>
      say(
        `UPDATE ${ks}.state SET epoch = ?, turn = ? WHERE namespace = ? IF epoch = ? AND turn = ?`,
        big(next.epoch),
        big(next.turn),
        namespace,
        seen === null ? null : big(seen.epoch),
        seen === null ? null : big(seen.turn),
      ),
    putState: (
      namespace: string,
      token: Token,
      entries: readonly { readonly key: string; readonly value: string | null }[],
    ): readonly Statement[] => [
      say(
        `UPDATE ${ks}.state SET turn = ? WHERE namespace = ? IF epoch = ? AND turn = ?`,
        big(token.turn + 1),
        namespace,
        big(token.epoch),
        big(token.turn),
      ),
      ...entries.map(({ key, value }) =>
        value === null
          ? say(`DELETE FROM ${ks}.state WHERE namespace = ? AND key = ?`, namespace, key)
          : say(`INSERT INTO ${ks}.state (namespace, key, value) VALUES (?, ?, ?)`, namespace, key, value),
      ),
    ],
    stateValue: (namespace: string, key: string) =>
      say(`SELECT value FROM ${ks}.state WHERE namespace = ? AND key = ?`, namespace, key),
    statePage: (namespace: string, after: string | null, limit: number) =>
      after === null
        ? say(`SELECT key, value FROM ${ks}.state WHERE namespace = ? LIMIT ?`, namespace, limit)
        : say(`SELECT key, value FROM ${ks}.state WHERE namespace = ? AND key > ? LIMIT ?`, namespace, after, limit),
  };
}

/** Notes of every process, whoever holds the journal. */
function sharedStatements(ks: string) {
  return {
    putNote: (space: string, owner: string, key: string, value: string, ttlSeconds: number) =>
      say(
        `INSERT INTO ${ks}.notes (space, owner, key, value) VALUES (?, ?, ?, ?) USING TTL ?`,
        space,
        owner,
        key,
        value,
        ttlSeconds,
      ),
    dropNote: (space: string, owner: string, key: string) =>
      say(`DELETE FROM ${ks}.notes WHERE space = ? AND owner = ? AND key = ?`, space, owner, key),
    dropNotes: (space: string, owner: string) =>
      say(`DELETE FROM ${ks}.notes WHERE space = ? AND owner = ?`, space, owner),
    notes: (space: string, limit: number) =>
      say(`SELECT owner, key, value FROM ${ks}.notes WHERE space = ? LIMIT ?`, space, limit),
  };
}
