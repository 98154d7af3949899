/** Small records: a partition a namespace, written only by who holds the journal. */
import type { StateStore } from "#server/journal/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Statement } from "./cql.ts";
import { Fenced } from "./lease.ts";
import { addName } from "./registry.ts";
import { numberIn, type Token } from "./rows.ts";
import { eachOf, type Store } from "./store.ts";

const PAGE_LIMIT_MAX = 10_000;
const LIST_MAX = 100_000;
/** Of one round, all or none. */
const PUT_BYTES_MAX = 2 * 1024 * 1024;
const ROUNDS_MAX = 20;
const SENDS_MAX = 3;
const NAMESPACES_AT_ONCE = 16;

export interface ScyllaState extends StateStore {
  /** From here on no older epoch writes in these namespaces. @throws Fenced when a newer one holds one of them */
  fence(namespaces: readonly string[], epoch: number): Promise<void>;
}

interface Entry {
  readonly key: string;
  readonly value: string | null;
}

/** @param epoch throws when this process does not hold the journal */
export function createState(store: Store, epoch: () => number): ScyllaState {
  const { cql, statements } = store;
  const tokens = new Map<string, Token>();
  const chains = new Map<string, Promise<void>>();

  function serially<T>(namespace: string, work: () => Promise<T>): Promise<T> {
    const result = (chains.get(namespace) ?? Promise.resolve()).then(work);
    const ended = result.then(
      () => undefined,
      () => undefined, // told to who asked
    );
    chains.set(namespace, ended);
    return result;
  }

  async function read(namespace: string): Promise<Token | null> {
    const [row] = await cql.read(statements.stateToken(namespace), { serial: true });
    if (typeof row?.epoch !== "bigint") return null;
    return { epoch: numberIn(row, "epoch"), turn: numberIn(row, "turn") };
  }

  /** Makes the namespace refuse every older epoch and turn; answers where it stood before, and where it stands now. */
  async function fenceOne(namespace: string, mine: number) {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const before = await read(namespace);
      if (before !== null && before.epoch > mine) throw new Fenced();
      const token = { epoch: mine, turn: (before?.turn ?? 0) + 2 };
      const outcome = await cql.conditional([statements.fenceState(namespace, before, token)]);
      if (outcome.kind === "applied") {
        tokens.set(namespace, token);
        return { before, token };
      }
    }
    throw new OpsError("journal-unavailable", `The records of ${namespace} could not be taken over`);
  }

  async function tokenOf(namespace: string): Promise<Token> {
    const mine = epoch();
    const known = tokens.get(namespace);
    if (known?.epoch === mine) return known;
    await addName(store, "state", namespace, mine);
    return (await fenceOne(namespace, mine)).token;
  }

  async function put(namespace: string, entries: readonly Entry[]): Promise<void> {
    let token = await tokenOf(namespace);
    for (let send = 0; send < SENDS_MAX; send += 1) {
      tokens.delete(namespace);
      const outcome = await cql.conditional(statements.putState(namespace, token, entries));
      if (outcome.kind === "applied") {
        tokens.set(namespace, { ...token, turn: token.turn + 1 });
        return;
      }
      // Not known, or taken over: after this nothing that was sent before can be applied any more.
      const { before, token: next } = await fenceOne(namespace, token.epoch);
      if (before?.epoch === token.epoch && before.turn === token.turn + 1) return;
      token = next;
    }
    throw new OpsError("journal-unavailable", `The records of ${namespace} were not written`);
  }

  async function value(namespace: string, key: string): Promise<string | null> {
    const [row] = await cql.read(statements.stateValue(namespace, key));
    return typeof row?.value === "string" ? row.value : null;
  }

  async function page(namespace: string, after: string | null, limit: number) {
    const rows = await cql.read(pageStatement(namespace, after, limit));
    return rows.flatMap((row) =>
      typeof row.key === "string" && typeof row.value === "string" ? [{ key: row.key, value: row.value }] : [],
    );
  }

  const pageStatement = (namespace: string, after: string | null, limit: number): Statement =>
    statements.statePage(namespace, after, limit);

  const putAll = (namespace: string, entries: readonly Entry[]): Promise<void> => {
    const last = new Map(entries.map((entry) => [entry.key, entry]));
    const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.value ?? ""), 0);
    if (bytes > PUT_BYTES_MAX)
      return Promise.reject(new OpsError("limit-exceeded", `More than ${PUT_BYTES_MAX} bytes of records at once`));
    return serially(namespace, () => put(namespace, [...last.values()]));
  };

  return {
    get: value,
    async list(namespace) {
      const entries = await page(namespace, null, LIST_MAX);
      if (entries.length < LIST_MAX) return entries;
      throw new OpsError("limit-exceeded", `More than ${LIST_MAX} records in ${namespace}: read them by pages`);
    },
    async page(namespace, after, limit) {
      if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX)
        throw new OpsError("invalid-input", `The limit is to be from 1 to ${PAGE_LIMIT_MAX}`);
      return page(namespace, after, limit);
    },
    put: (namespace, key, text) => putAll(namespace, [{ key, value: text }]),
    putAll,
    increment: (namespace, key) =>
      serially(namespace, async () => {
        await tokenOf(namespace);
        const next = Number((await value(namespace, key)) ?? "0") + 1;
        await put(namespace, [{ key, value: String(next) }]);
        return next;
      }),
    async fence(namespaces, mine) {
      await eachOf(namespaces, NAMESPACES_AT_ONCE, (namespace) => serially(namespace, () => fenceOne(namespace, mine)));
    },
  };
}
