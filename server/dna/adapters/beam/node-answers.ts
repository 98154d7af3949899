import type { BeamPeer, BeamPeerTable, BeamProcess, BeamVitals } from "#server/dna/beam-ports.ts";
import { charlistOf, type Term, tagged, textOf } from "#server/dna/codec/etf/term.ts";
import { DNA_NAMES, functionText } from "./closed-list.ts";
import {
  isNil,
  readAtom,
  readCount,
  readField,
  readIncarnation,
  readInt64,
  readList,
  readMap,
  readProperties,
  readSmall,
  readTagged,
  readTuple,
  UnreadableTerm,
} from "./reading.ts";

/** Answers about a node as a whole, decoded. Each throws `UnreadableTerm` for another shape. */

/** A child of `Dna.Server`: `{id, pid | restarting | undefined, type, modules}`. */
export interface PartitionChild {
  readonly index: number;
  readonly alive: boolean;
}

const PARTITION_PREFIX = `${DNA_NAMES.partition}.`;

/** In the order of their numbers. */
export function readPartitions(term: Term): readonly PartitionChild[] {
  const children = readList(term).map((child) => {
    const [id, pid] = readTuple(child, 4);
    const name = readAtom(id);
    const index = name.startsWith(PARTITION_PREFIX) ? name.slice(PARTITION_PREFIX.length) : "";
    if (!/^\d{1,4}$/.test(index)) throw new UnreadableTerm("a partition's name", id);
    return { index: Number(index), alive: typeof pid === "object" && pid.type === "pid" };
  });
  return children.sort((a, b) => a.index - b.index);
}

/** Of `erlang:system_info/1`, in this order. */
export const SYSTEM_FIGURES = [
  "process_count",
  "process_limit",
  "atom_count",
  "atom_limit",
  "schedulers_online",
  "start_time",
] as const;

export function readVitals(answers: {
  readonly figures: Term;
  readonly runQueue: number;
  readonly memory: Term;
  readonly nowNative: bigint;
  readonly nativePerSecond: bigint;
}): BeamVitals {
  const figures = readList(answers.figures);
  if (figures.length !== SYSTEM_FIGURES.length) throw new UnreadableTerm("six figures", answers.figures);
  const [processes, processLimit, atoms, atomLimit, schedulersOnline, startTime] = figures;
  const memory = readProperties(answers.memory);
  const bytesOf = (name: string) => readCount(memory(name));
  return {
    processes: readCount(processes),
    processLimit: readCount(processLimit),
    atoms: readCount(atoms),
    atomLimit: readCount(atomLimit),
    runQueue: answers.runQueue,
    schedulersOnline: readCount(schedulersOnline),
    memoryBytes: {
      total: bytesOf("total"),
      processes: bytesOf("processes"),
      binary: bytesOf("binary"),
      ets: bytesOf("ets"),
      atom: bytesOf("atom"),
    },
    uptimeMs: Number(((answers.nowNative - readInt64(startTime)) * 1_000n) / answers.nativePerSecond),
  };
}

/** @param nowMs monotonic clock of the same node, read with the table */
export function readPeerTable(term: Term, nowMs: bigint): BeamPeerTable {
  const peers: BeamPeer[] = [];
  let lastRefreshMs: number | null = null;
  let unreadable = 0;
  for (const row of readList(term)) {
    const refresh = tagged(row, "last_refresh", 2);
    if (refresh !== null) {
      lastRefreshMs = ageMs(refresh[1], nowMs);
      continue;
    }
    const peer = peerOrNull(row, nowMs);
    if (peer === null) unreadable += 1;
    else peers.push(peer);
  }
  return { peers, lastRefreshMs, unreadable };
}

/** Of the one row `{last_refresh, at}`, if there is one. */
export function readLastRefresh(term: Term): bigint | null {
  const [row] = readList(term);
  return row === undefined ? null : readInt64(readTagged(row, "last_refresh"));
}

function peerOrNull(row: Term, nowMs: bigint): BeamPeer | null {
  try {
    const [key, value] = readTuple(row, 2);
    const peer = readMap(value);
    const node = readField(peer, "node");
    const type = readAtom(readField(peer, "type"));
    if (type !== "local" && type !== "remote") throw new UnreadableTerm("local or remote", readField(peer, "type"));
    return {
      incarnation: readIncarnation(key),
      node: textOf(node) ?? readAtom(node),
      local: type === "local",
      heartbeat: readInt64(readField(peer, "heartbeat")),
      lastChangeMs: ageMs(readField(peer, "last_beat_update"), nowMs),
      load: readLoad(readField(peer, "load")),
    };
  } catch (cause) {
    if (cause instanceof UnreadableTerm) return null;
    throw cause;
  }
}

/** Both were read at almost the same moment, in any order. */
const ageMs = (at: Term | undefined, nowMs: bigint): number => sinceMs(readInt64(at), nowMs);

/** Both instants are of one node. */
export const sinceMs = (at: bigint, nowMs: bigint): number => Math.max(0, Number(nowMs - at));

function readLoad(term: Term): number | null {
  if (isNil(term)) return null;
  return typeof term === "object" && term.type === "float" ? term.value : readSmall(term);
}

/** What is asked of `erlang:process_info/2`. */
export const PROCESS_ITEMS = ["memory", "message_queue_len", "reductions", "status", "current_function"] as const;

/** `undefined` = it has ended. */
export function readProcess(term: Term | undefined): BeamProcess | null {
  if (typeof term === "object" && term.type === "atom" && term.name === "undefined") return null;
  const item = readProperties(term);
  return {
    memoryBytes: readCount(item("memory")),
    mailbox: readCount(item("message_queue_len")),
    reductions: readCount(item("reductions")),
    status: readAtom(item("status")),
    currentFunction: readFunction(item("current_function")),
  };
}

function readFunction(term: Term): string | null {
  if (typeof term === "object" && term.type === "atom") return null;
  const [module, name, arity] = readTuple(term, 3);
  return `${functionText(readAtom(module), readAtom(name))}/${readCount(arity)}`;
}

export function readRelease(term: Term): string {
  const release = charlistOf(term);
  if (release === null || release === "") throw new UnreadableTerm("a release", term);
  return release;
}
