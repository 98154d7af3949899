import {
  BEAM_INSTANCES_MAX,
  type BeamBacklog,
  type BeamInstance,
  type BeamInstancePage,
  type BeamInstanceQuery,
  type BeamProcess,
  type BeamTopEntry,
} from "#server/dna/beam-ports.ts";
import { atom, externalFun, list, type PidTerm, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import type { ActorKey } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Ask, reasonName } from "./asking.ts";
import { CLOSED_LIST } from "./closed-list.ts";
import type { RemoteException } from "./dist/remote-nodes.ts";
import {
  type InstanceState,
  type ProcessSize,
  readBacklog,
  readChunk,
  readKeyTable,
  readLookup,
  readOutsideBytes,
  readPage,
  readSize,
  readState,
  readTop,
} from "./instance-answers.ts";
import { PROCESS_ITEMS, readProcess } from "./node-answers.ts";
import { askPartitionChildren, keyTerm, partitionName } from "./node-questions.ts";
import { parseProcessRef, toProcessRef } from "./process-ref.ts";
import { readCount, readList, readTuple, UnreadableTerm } from "./reading.ts";
import { keyTableSpec, registrySpec } from "./select-spec.ts";
import { BACKLOG_TEXT, TOP_TEXT } from "./texts.ts";

/** Above it a state is not copied to us. */
const STATE_COPY_MAX_BYTES = 1024 * 1024;
/** Above it a state is not looked into on the node either: it would be copied there. */
export const STATE_LOOK_MAX_BYTES = 64 * 1024 * 1024;
const STATE_TIMEOUT_MS = 2_000;
const STATE_CALL_TIMEOUT_MS = 5_000;
const TOP_MAX = 100;
/** Every instance of the node is looked at. */
const TOP_TIMEOUT_MS = 15_000;

/** The process under a key in the registry of its partition, and that partition. */
export interface Registered {
  readonly partition: number;
  readonly pid: PidTerm | null;
}

export async function askRegistered(ask: Ask, node: string, key: ActorKey): Promise<Registered> {
  const args = [keyTerm(key)];
  const [pid, partition] = await Promise.all([
    ask(node, { call: CLOSED_LIST.lookup, args, read: readLookup }),
    ask(node, { call: CLOSED_LIST.partitionOf, args, read: readCount }),
  ]);
  return { pid, partition };
}

export async function askInstance(ask: Ask, node: string, key: ActorKey): Promise<BeamInstance | null> {
  const { pid, partition } = await askRegistered(ask, node, key);
  return pid === null ? null : { key, partition, ref: toProcessRef(pid) };
}

export async function askInstances(ask: Ask, node: string, query: BeamInstanceQuery): Promise<BeamInstancePage> {
  const { partition, limit } = query;
  requireBound(limit, BEAM_INSTANCES_MAX, "instances");
  await requirePartition(ask, node, partition);
  return (await askFirst(ask, node, query)) ?? (await askAll(ask, node, query));
}

/** By the table behind the registry, which reads no further than the limit; `null` when it is laid out otherwise. */
async function askFirst(ask: Ask, node: string, query: BeamInstanceQuery): Promise<BeamInstancePage | null> {
  const { partition, limit } = query;
  const table = await ask<Term | null>(node, {
    call: CLOSED_LIST.tableLookup,
    args: [partitionName("registry", partition), -2],
    read: readKeyTable,
    raised: () => null,
  });
  if (table === null) return null;
  return ask<BeamInstancePage | null>(node, {
    call: CLOSED_LIST.tableSelect,
    args: [table, keyTableSpec(query), limit + 1],
    read: (answer) => readPage(readChunk(answer), partition, limit),
    raised: () => null,
  });
}

const askAll = (ask: Ask, node: string, query: BeamInstanceQuery): Promise<BeamInstancePage> =>
  ask(node, {
    call: CLOSED_LIST.select,
    args: [partitionName("registry", query.partition), registrySpec(query)],
    read: (answer) => readPage(answer, query.partition, query.limit),
  });

export async function askInspect(
  ask: Ask,
  node: string,
  instances: readonly BeamInstance[],
): Promise<readonly (BeamProcess | null)[]> {
  if (instances.length > BEAM_INSTANCES_MAX) requireBound(instances.length, BEAM_INSTANCES_MAX, "instances");
  const pids = instances.map(({ ref }) => parseProcessRef(node, ref));
  if (pids.length === 0) return [];
  const processes = await askProcesses(ask, node, pids);
  if (processes !== "other-life") return processes;
  // Some are of an earlier life of the VM, of which it refuses to hear.
  const creation = await ask(node, { call: CLOSED_LIST.systemInfo, args: [atom("creation")], read: readCount });
  const current = pids.filter((pid) => pid.creation === creation);
  const seen = current.length === 0 ? [] : await askProcesses(ask, node, current);
  if (seen === "other-life") throw new OpsError("upstream-unavailable", `${node} was started again meanwhile`);
  const bySerial = new Map(current.map((pid, position) => [toProcessRef(pid), seen[position] ?? null]));
  return pids.map((pid) => bySerial.get(toProcessRef(pid)) ?? null);
}

const askProcesses = (
  ask: Ask,
  node: string,
  pids: readonly PidTerm[],
): Promise<readonly (BeamProcess | null)[] | "other-life"> =>
  ask<readonly (BeamProcess | null)[] | "other-life">(node, {
    call: CLOSED_LIST.zipwith,
    args: [externalFun("erlang", "process_info", 2), list(pids), list(pids.map(() => list(PROCESS_ITEMS.map(atom))))],
    read: (answer) => {
      const rows = readList(answer);
      if (rows.length !== pids.length) throw new UnreadableTerm(`${pids.length} processes`, answer);
      return rows.map(readProcess);
    },
    raised: (exception) => (isOtherLife(exception) ? "other-life" : undefined),
  });

/** What `process_info` raises for a process of another life of the VM. */
const isOtherLife = (exception: RemoteException): boolean => reasonName(exception) === "badarg";

export async function askBacklog(
  ask: Ask,
  node: string,
  instance: BeamInstance,
  evaluate: boolean,
): Promise<BeamBacklog> {
  const pid = parseProcessRef(node, instance.ref);
  const size = await askSize(ask, node, pid);
  if (size === null) return { kind: "ended" };
  const { mailbox, memoryBytes } = size;
  if (evaluate) {
    if (memoryBytes > STATE_LOOK_MAX_BYTES) return { kind: "too-large", mailbox, memoryBytes };
    return askBacklogThere(ask, node, pid);
  }
  const outsideBytes = memoryBytes > STATE_COPY_MAX_BYTES ? 0 : await askOutsideBytes(ask, node, pid);
  if (memoryBytes + outsideBytes > STATE_COPY_MAX_BYTES) return { kind: "too-large", mailbox, memoryBytes };
  const state = await askState(ask, node, pid);
  if (state === "busy") return { kind: "busy", mailbox, memoryBytes };
  if (state === "ended") return { kind: "ended" };
  return { kind: "known", ...state, mailbox, memoryBytes };
}

/** `null` = it has ended. */
export const askSize = (ask: Ask, node: string, pid: PidTerm): Promise<ProcessSize | null> =>
  ask<ProcessSize | null>(node, {
    call: CLOSED_LIST.processInfo,
    args: [pid, list([atom("memory"), atom("message_queue_len")])],
    read: readSize,
    raised: (exception) => (isOtherLife(exception) ? null : undefined),
  });

const askOutsideBytes = async (ask: Ask, node: string, pid: PidTerm): Promise<number> =>
  (await ask<number | null>(node, {
    call: CLOSED_LIST.processInfo,
    args: [pid, list([atom("binary")])],
    read: readOutsideBytes,
  })) ?? 0;

const askState = (ask: Ask, node: string, pid: PidTerm): Promise<InstanceState | "busy" | "ended"> =>
  ask<InstanceState | "busy" | "ended">(node, {
    call: CLOSED_LIST.state,
    args: [pid, STATE_TIMEOUT_MS],
    read: readState,
    raised: (exception) => {
      if (exception.class !== "exit") return;
      return reasonName(exception) === "timeout" ? "busy" : "ended";
    },
    timeoutMs: STATE_CALL_TIMEOUT_MS,
  });

const askBacklogThere = (ask: Ask, node: string, pid: PidTerm): Promise<BeamBacklog> =>
  evaluateThere(ask, node, BACKLOG_TEXT, { pid }, readBacklog);

export async function askTop(
  ask: Ask,
  node: string,
  partition: number | null,
  limit: number,
): Promise<readonly BeamTopEntry[]> {
  requireBound(limit, TOP_MAX, "entries of the top");
  const children = await askPartitionChildren(ask, node);
  const wanted = children.filter(({ index, alive }) => alive && (partition === null || index === partition));
  if (partition !== null && wanted.length === 0) throw noPartition(node, partition);
  const partitions = list(wanted.map(({ index }) => tuple(index, partitionName("registry", index))));
  const binding = { partitions, limit, state_bytes: STATE_LOOK_MAX_BYTES };
  return evaluateThere(ask, node, TOP_TEXT, binding, readTop, TOP_TIMEOUT_MS);
}

/** One of the constant texts, with its variables bound. */
export function evaluateThere<T>(
  ask: Ask,
  node: string,
  constantText: string,
  binding: Readonly<Record<string, Term>>,
  read: (value: Term) => T,
  timeoutMs?: number,
): Promise<T> {
  const variables = list(Object.entries(binding).map(([name, value]) => tuple(atom(name), value)));
  return ask(node, {
    call: CLOSED_LIST.evaluate,
    args: [text(constantText), variables],
    read: (answer) => read(evaluatedOf(answer)),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** Of `{value, binding}`. */
function evaluatedOf(answer: Term): Term {
  const [value] = readTuple(answer, 2);
  if (value === undefined) throw new UnreadableTerm("a value", answer);
  return value;
}

async function requirePartition(ask: Ask, node: string, partition: number): Promise<void> {
  const children = await askPartitionChildren(ask, node);
  if (!children.some(({ index }) => index === partition)) throw noPartition(node, partition);
}

const noPartition = (node: string, partition: number): OpsError =>
  new OpsError("not-found", `${node} has no partition ${partition}`);

function requireBound(count: number, max: number, what: string): void {
  if (Number.isInteger(count) && count >= 1 && count <= max) return;
  throw new OpsError("invalid-input", `Between 1 and ${max} ${what} can be asked for at once`);
}
