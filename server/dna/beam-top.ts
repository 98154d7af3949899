/** The instances of a node with the largest backlog: found on the node where that is allowed, else among its largest. */

import { OpsError } from "#server/kernel/errors.ts";
import type { BeamBacklog, BeamInstance, BeamProcess, DnaBeam } from "./beam-ports.ts";
import { BEAM_INSTANCES_MAX } from "./beam-ports.ts";

/** Candidates whose state is read, twice the longest list at most. */
const CANDIDATES_MAX = 60;
const STATES_AT_ONCE = 4;

export interface TopEntry {
  readonly instance: BeamInstance;
  readonly phase: string | null;
  readonly buffered: number | null;
  readonly mailbox: number;
  readonly memoryBytes: number;
  /** Buffer and mailbox; `null` = the buffer could not be read. */
  readonly backlog: number | null;
}

export interface TopFound {
  readonly entries: readonly TopEntry[];
  readonly found: "on the node" | "largest by mailbox and memory";
  /** Instances looked at; `null` = all of them. */
  readonly among: number | null;
}

type TopBeam = Pick<DnaBeam, "evaluate" | "top" | "partitions" | "instances" | "inspect" | "backlog">;

/**
 * @throws OpsError as the calls of `DnaBeam` do
 */
export async function findTop(beam: TopBeam, node: string, partition: number | null, limit: number): Promise<TopFound> {
  return beam.evaluate ? topByNode(beam, node, partition, limit) : topBySize(beam, node, partition, limit);
}

async function topByNode(beam: TopBeam, node: string, partition: number | null, limit: number): Promise<TopFound> {
  const told = await beam.top(node, partition, limit);
  const entries = told.map(({ instance, mailbox, buffered, memoryBytes }) => ({
    instance,
    phase: null,
    buffered,
    mailbox,
    memoryBytes,
    backlog: buffered === null ? null : buffered + mailbox,
  }));
  return { entries: largestFirst(entries).slice(0, limit), found: "on the node", among: null };
}

/** Buffered events are memory: a large backlog is among the largest processes even while its mailbox is empty. */
async function topBySize(beam: TopBeam, node: string, partition: number | null, limit: number): Promise<TopFound> {
  const indexes = partition === null ? (await beam.partitions(node)).map(({ index }) => index) : [partition];
  const all: (readonly [BeamInstance, BeamProcess])[] = [];
  let whole = true;
  for (const index of indexes) {
    const query = { partition: index, type: null, prefix: "", limit: BEAM_INSTANCES_MAX };
    const { instances, more } = await beam.instances(node, query);
    whole &&= !more;
    const processes = await beam.inspect(node, instances);
    for (const [at, instance] of instances.entries()) {
      const process = processes[at] ?? null;
      if (process !== null) all.push([instance, process]);
    }
  }
  const candidates = candidatesOf(all, Math.min(CANDIDATES_MAX, limit * 2));
  const entries = await readStates(beam, node, candidates);
  const found = "largest by mailbox and memory";
  return { entries: largestFirst(entries).slice(0, limit), found, among: whole ? null : all.length };
}

/** Half of them by mailbox, half by memory. */
function candidatesOf(
  all: readonly (readonly [BeamInstance, BeamProcess])[],
  count: number,
): readonly (readonly [BeamInstance, BeamProcess])[] {
  const byMailbox = all.toSorted(([, a], [, b]) => b.mailbox - a.mailbox).slice(0, Math.ceil(count / 2));
  const byMemory = all.toSorted(([, a], [, b]) => b.memoryBytes - a.memoryBytes).slice(0, count);
  return [...new Set([...byMailbox, ...byMemory])].slice(0, count);
}

async function readStates(
  beam: TopBeam,
  node: string,
  candidates: readonly (readonly [BeamInstance, BeamProcess])[],
): Promise<readonly TopEntry[]> {
  const waiting = [...candidates];
  const entries: TopEntry[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [instance, process] = next;
      const entry = entryOf(instance, process, await stateOf(beam, node, instance));
      if (entry !== null) entries.push(entry);
    }
  };
  await Promise.all(Array.from({ length: STATES_AT_ONCE }, lane));
  return entries;
}

/** One whose state cannot be read is listed with what is known of it. */
async function stateOf(beam: TopBeam, node: string, instance: BeamInstance): Promise<BeamBacklog | null> {
  try {
    return await beam.backlog(node, instance);
  } catch (cause) {
    if (cause instanceof OpsError && cause.code !== "upstream-unavailable") return null;
    throw cause;
  }
}

function entryOf(instance: BeamInstance, process: BeamProcess, state: BeamBacklog | null): TopEntry | null {
  const { mailbox, memoryBytes } = process;
  if (state === null) return { instance, phase: null, buffered: null, mailbox, memoryBytes, backlog: null };
  switch (state.kind) {
    case "ended":
      return null;
    case "known":
      return { instance, ...state, backlog: state.buffered + state.mailbox };
    case "busy":
    case "too-large":
      return {
        instance,
        phase: state.kind === "busy" ? "in a callback" : null,
        buffered: null,
        mailbox: state.mailbox,
        memoryBytes: state.memoryBytes,
        backlog: null,
      };
    default:
      return state satisfies never;
  }
}

/** Those whose backlog is not known stand by their mailbox. */
const largestFirst = (entries: readonly TopEntry[]): readonly TopEntry[] =>
  entries.toSorted((a, b) => (b.backlog ?? b.mailbox) - (a.backlog ?? a.mailbox) || b.memoryBytes - a.memoryBytes);
