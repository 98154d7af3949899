import type { BeamCachedOwner, BeamPartition, BeamPeerTable, BeamVitals } from "#server/dna/beam-ports.ts";
import { atom, externalFun, list, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import type { ActorKey, Incarnation } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Ask } from "./asking.ts";
import { CLOSED_LIST, DNA_NAMES, elixir } from "./closed-list.ts";
import { readCachedOwner, readTtl } from "./instance-answers.ts";
import {
  type PartitionChild,
  readLastRefresh,
  readPartitions,
  readPeerTable,
  readVitals,
  SYSTEM_FIGURES,
  sinceMs,
} from "./node-answers.ts";
import {
  readCount,
  readIncarnation,
  readInt64,
  readList,
  readPositive,
  readTagged,
  UnreadableTerm,
} from "./reading.ts";

/** A key as DNA writes it. */
export const keyTerm = ({ namespace, moduleId, name }: ActorKey): Term => tuple(text(namespace), moduleId, text(name));

/** What is registered for one partition. Only for numbers that the node itself has told: it makes an atom there. */
export const partitionName = (what: "registry" | "instanceSupervisor", index: number): Term =>
  atom(`${DNA_NAMES[what]}.${index}`);

export const askIdentity = (ask: Ask, node: string): Promise<Incarnation> =>
  ask(node, {
    call: CLOSED_LIST.identity,
    args: [],
    read: readIncarnation,
    raised: ({ class: raised, reason }) => {
      // The place of the identity is empty: DNA has not started, or never ran there.
      if (raised !== "error" || typeof reason !== "object" || reason.type !== "atom" || reason.name !== "badarg")
        return;
      throw new OpsError("refused", `DNA has not started on ${node}`);
    },
  });

export const askPartitionChildren = (ask: Ask, node: string): Promise<readonly PartitionChild[]> =>
  ask(node, { call: CLOSED_LIST.partitions, args: [atom(DNA_NAMES.supervisor)], read: readPartitions });

export async function askPartitions(ask: Ask, node: string): Promise<readonly BeamPartition[]> {
  const children = await askPartitionChildren(ask, node);
  const alive = children.filter((child) => child.alive).map(({ index }) => index);
  const counts = (await askCounts(ask, node, alive)) ?? (await askCountsSingly(ask, node, alive));
  return children.map(({ index, alive: up }) => ({ index, alive: up, running: counts.get(index) ?? null }));
}

/** Of all registries in one call; `null` when one of them is not there. */
async function askCounts(
  ask: Ask,
  node: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number> | null> {
  const counts = await ask<readonly number[] | "raised">(node, {
    call: CLOSED_LIST.map,
    args: [
      externalFun(elixir("Registry"), "count", 1),
      list(partitions.map((index) => partitionName("registry", index))),
    ],
    read: (answer) => readCounts(answer, partitions.length),
    raised: ({ reason }) => (typeof reason === "object" && reason.type === "atom" ? undefined : "raised"),
  });
  if (counts === "raised") return null;
  return new Map(partitions.map((index, position) => [index, counts[position] ?? 0]));
}

function readCounts(answer: Term, expected: number): readonly number[] {
  const counts = readList(answer).map(readCount);
  if (counts.length !== expected) throw new UnreadableTerm(`${expected} counts`, answer);
  return counts;
}

async function askCountsSingly(
  ask: Ask,
  node: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const single = await Promise.all(partitions.map((index) => askCounts(ask, node, [index])));
  return new Map(single.flatMap((counts) => [...(counts ?? [])]));
}

export async function askVitals(ask: Ask, node: string): Promise<BeamVitals> {
  const raw = (answer: Term) => answer;
  const [figures, runQueue, memory, nowNative, nativePerSecond] = await Promise.all([
    ask(node, {
      call: CLOSED_LIST.map,
      args: [externalFun("erlang", "system_info", 1), list(SYSTEM_FIGURES.map(atom))],
      read: raw,
    }),
    ask(node, { call: CLOSED_LIST.statistics, args: [atom("run_queue")], read: readCount }),
    ask(node, { call: CLOSED_LIST.memory, args: [], read: raw }),
    ask(node, { call: CLOSED_LIST.monotonic, args: [atom("native")], read: readInt64 }),
    ask(node, { call: CLOSED_LIST.convertTime, args: [1, atom("second"), atom("native")], read: readPositive }),
  ]);
  try {
    return readVitals({ figures, runQueue, memory, nowNative, nativePerSecond });
  } catch (cause) {
    if (!(cause instanceof UnreadableTerm)) throw cause;
    throw new OpsError("upstream-malformed", `${node} told its vitals in another shape: ${cause.message}`, { cause });
  }
}

const noPeerTable = (node: string) => (): never => {
  throw new OpsError("upstream-unavailable", `${node} has no peer table: its cluster worker does not run`);
};

const askMonotonicMs = (ask: Ask, node: string): Promise<bigint> =>
  ask(node, { call: CLOSED_LIST.monotonic, args: [atom("millisecond")], read: readInt64 });

export async function askLastRefresh(ask: Ask, node: string): Promise<number | null> {
  const [at, nowMs] = await Promise.all([
    ask<bigint | null>(node, {
      call: CLOSED_LIST.tableLookup,
      args: [atom(DNA_NAMES.peerTable), atom("last_refresh")],
      read: readLastRefresh,
      raised: noPeerTable(node),
    }),
    askMonotonicMs(ask, node),
  ]);
  return at === null ? null : sinceMs(at, nowMs);
}

export async function askPeers(ask: Ask, node: string): Promise<BeamPeerTable> {
  const [table, nowMs] = await Promise.all([
    ask<Term>(node, {
      call: CLOSED_LIST.table,
      args: [atom(DNA_NAMES.peerTable)],
      read: (answer) => answer,
      raised: noPeerTable(node),
    }),
    askMonotonicMs(ask, node),
  ]);
  try {
    return readPeerTable(table, nowMs);
  } catch (cause) {
    if (!(cause instanceof UnreadableTerm)) throw cause;
    throw new OpsError("upstream-malformed", `The peer table of ${node} has another shape: ${cause.message}`, {
      cause,
    });
  }
}

export async function askCachedOwner(ask: Ask, node: string, key: ActorKey): Promise<BeamCachedOwner | null> {
  const args = [atom(DNA_NAMES.ownerCache), keyTerm(key)];
  const [owner, ttlMs] = await Promise.all([
    ask(node, { call: CLOSED_LIST.cacheGet, args, read: readCachedOwner }),
    ask(node, { call: CLOSED_LIST.cacheTtl, args, read: readTtl }),
  ]);
  return owner === null ? null : { owner, ttlMs };
}

export const clearCache = (ask: Ask, node: string): Promise<number> =>
  ask(node, {
    call: CLOSED_LIST.clearCache,
    args: [atom(DNA_NAMES.ownerCache)],
    read: (answer) => readCount(readTagged(answer, "ok")),
  });
