/** Walks the registries of the nodes in bounded pages, for keys that more than one of them runs. */
import { actorSubject } from "#server/contract/actor-key.ts";
import { type Clock, type EpochMs, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { BEAM_INSTANCES_MAX, type BeamInstance, type DnaBeam } from "./beam-ports.ts";
import { withinDeadline } from "./deadline.ts";
import { createSeenKeys, type NameRange, type SeenKey, type SeenKeys, slicesOf, splitRange } from "./domain/doubles.ts";

/** Instances that are held at once while nodes are compared: up to here one slice is everything. */
export const WALK_AT_ONCE_MAX = 50_000;
/** A lap over fewer instances than fill it takes at least this long. */
export const LAP_MIN_MS = 10_000;
const INSTANCES_PER_SECOND = 5_000;
const CALLS_PER_SECOND = 100;
const NODES_AT_ONCE = 4;
const PAGE_TIMEOUT_MS = 5_000;
/** Nodes whose names decide where a large walk is cut. */
const SAMPLED_NODES = 8;
/** Names of each: enough to cut where about equally many lie on both sides. */
const SAMPLED_NAMES = 1_000;
const SPLITS_DEEP_MAX = 24;

/** A node as the walk goes over it. */
export interface WalkedNode {
  readonly node: string;
  readonly partitions: number;
  /** As last counted; `null` = not known. */
  readonly running: number | null;
}

/** What the last finished lap covered. */
export interface WalkCoverage {
  readonly startedAt: EpochMs;
  readonly finishedAt: EpochMs;
  readonly nodes: number;
  readonly instances: number;
  /** In how many slices of names the keys were compared, one after the other. */
  readonly slices: number;
  /** Nodes that could not be walked, or not whole, with the reason. */
  readonly missed: readonly { readonly node: string; readonly reason: string }[];
}

/**
 * One lap over the registries of `nodes`: every key that ran on two of them the whole time is met. Paced, so that the
 * nodes hardly notice; of a large cluster the names are compared slice by slice.
 *
 * @param onSeveral told of each key as soon as a second node shows it: it may have moved meanwhile
 */
export async function walkLap(
  deps: { readonly beam: Pick<DnaBeam, "instances">; readonly clock: Clock },
  nodes: readonly WalkedNode[],
  onSeveral: (seen: SeenKey) => void,
  signal: AbortSignal,
): Promise<WalkCoverage> {
  const { clock } = deps;
  const startedAt = clock.now();
  const pager = createPager(deps, signal);
  const total = nodes.reduce((sum, { running }) => sum + (running ?? 0), 0);
  const parts = Math.ceil(total / WALK_AT_ONCE_MAX);
  const slices = parts <= 1 ? [{ from: null, below: null }] : slicesOf(await sampleNames(pager, nodes), parts);
  const missed = new Map<string, string>();
  for (const slice of slices) {
    if (signal.aborted) break;
    await walkSlice(pager, nodes, slice, onSeveral, (node, reason) => missed.set(node, reason));
  }
  return {
    startedAt,
    finishedAt: clock.now(),
    nodes: nodes.length,
    instances: pager.read(),
    slices: slices.length,
    missed: [...missed].map(([node, reason]) => ({ node, reason })),
  };
}

async function walkSlice(
  pager: Pager,
  nodes: readonly WalkedNode[],
  slice: NameRange,
  onSeveral: (seen: SeenKey) => void,
  onMissed: (node: string, reason: string) => void,
): Promise<void> {
  const seen = createSeenKeys();
  const waiting = [...nodes];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { node, partitions } = next;
      try {
        for (let partition = 0; partition < partitions; partition += 1)
          for await (const page of pager.pages(node, partition, slice)) meet(seen, node, page, onSeveral);
      } catch (cause) {
        onMissed(node, messageOf(cause));
      }
    }
  };
  await Promise.all(Array.from({ length: NODES_AT_ONCE }, lane));
}

function meet(seen: SeenKeys, node: string, page: readonly BeamInstance[], onSeveral: (seen: SeenKey) => void): void {
  const keys = page.map(({ key }) => [actorSubject(key), key] as const);
  for (const met of seen.add(node, keys)) onSeveral(met);
}

async function sampleNames(pager: Pager, nodes: readonly WalkedNode[]): Promise<readonly string[]> {
  const names: string[] = [];
  const step = Math.max(1, Math.floor(nodes.length / SAMPLED_NODES));
  for (let index = 0; index < nodes.length; index += step) {
    const node = nodes[index];
    if (node === undefined || node.partitions === 0) continue;
    try {
      names.push(...(await pager.sample(node.node)).map(({ key }) => key.name));
    } catch (cause) {
      // Another node stands in for it; the lap itself tells which could not be walked.
      if (!(cause instanceof OpsError)) throw cause;
    }
  }
  return names;
}

interface Pager {
  /** Every instance of the partition whose name is in the range, some more than once. */
  pages(node: string, partition: number, range: NameRange): AsyncGenerator<readonly BeamInstance[]>;
  sample(node: string): Promise<readonly BeamInstance[]>;
  /** Instances read so far. */
  read(): number;
}

function createPager(
  { beam, clock }: { readonly beam: Pick<DnaBeam, "instances">; readonly clock: Clock },
  signal: AbortSignal,
): Pager {
  let freeAt: MonotonicMs = clock.monotonic();
  let read = 0;

  async function ask(node: string, partition: number, { from, below }: NameRange, limit = BEAM_INSTANCES_MAX) {
    const now = clock.monotonic();
    const waitMs = freeAt - now;
    freeAt = monotonicMs(Math.max(now, freeAt) + 1_000 / CALLS_PER_SECOND);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    const query = { partition, type: null, prefix: "", limit };
    const bounds = { ...(from === null ? {} : { from }), ...(below === null ? {} : { below }) };
    const page = await withinDeadline(clock, PAGE_TIMEOUT_MS, `The registry of ${node}`, () =>
      beam.instances(node, { ...query, ...bounds }),
    );
    read += page.instances.length;
    freeAt = monotonicMs(freeAt + (page.instances.length / INSTANCES_PER_SECOND) * 1_000);
    return page;
  }

  async function* pages(
    node: string,
    partition: number,
    range: NameRange,
    depth = 0,
  ): AsyncGenerator<readonly BeamInstance[]> {
    const { instances, more } = await ask(node, partition, range);
    yield instances;
    if (!more) return;
    const halves = splitRange(
      range,
      instances.map(({ key }) => key.name),
    );
    if (halves === null || depth >= SPLITS_DEEP_MAX)
      throw new OpsError(
        "limit-exceeded",
        `Over ${BEAM_INSTANCES_MAX} instances of ${node} cannot be told apart by name`,
      );
    for (const half of halves) yield* pages(node, partition, half, depth + 1);
  }

  return {
    pages,
    sample: async (node) => (await ask(node, 0, { from: null, below: null }, SAMPLED_NAMES)).instances,
    read: () => read,
  };
}
