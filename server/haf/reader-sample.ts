/** The high-rate values of a stack as of one look. */
import type { HafAppSample, HafSample } from "#server/contract/haf.ts";
import { appBlockAgeMs } from "./domain/app-state.ts";
import { blockAgeMs, estimatedHead } from "./domain/instance.ts";
import { blocksPerSecond, leftMs } from "./domain/pace.ts";
import { observeBlock, type ReaderMemory } from "./reader-memory.ts";
import type { Busy, HafSeen } from "./reader-reads.ts";

const CONNECTIONS_MAX = 200;

/** Carries the paces on in `memory`: once a look. */
export function sampleOf(seen: HafSeen, busy: Busy | null, memory: ReaderMemory, nowMs: number): HafSample {
  const { instance } = seen;
  const block = instance?.consistentBlock ?? null;
  const head = instance === null ? null : estimatedHead(instance);
  const perSecond = block === null ? null : blocksPerSecond(observeBlock(memory, "", block, nowMs));
  return {
    block,
    blockAgeMs: instance === null ? null : blockAgeMs(instance),
    head,
    reversibleHead: instance?.reversibleHead ?? null,
    blocksPerSecond: perSecond,
    leftMs: block === null ? null : leftMs(block, head, perSecond),
    busy: busy?.reason ?? null,
    apps: Object.fromEntries((seen.apps ?? []).map((app) => [app.name, appSample(app, block, memory, nowMs)])),
    building: seen.builds ?? [],
    eventQueue: seen.eventQueue?.depth ?? null,
    connections: (seen.connections ?? []).slice(0, CONNECTIONS_MAX),
    databaseBytes: seen.databaseBytes,
    vacuum: seen.vacuum ?? [],
  };
}

function appSample(
  app: NonNullable<HafSeen["apps"]>[number],
  consistent: number | null,
  memory: ReaderMemory,
  nowMs: number,
): HafAppSample {
  const { name, currentBlock: block, asOf, lastActiveAt } = app;
  const perSecond = blocksPerSecond(observeBlock(memory, `app ${name}`, block, nowMs));
  return {
    block,
    lagBlocks: consistent === null ? null : consistent - block,
    blockAgeMs: appBlockAgeMs(app),
    silentMs: Math.max(0, asOf - lastActiveAt + memory.zone.correctMs),
    blocksPerSecond: perSecond,
    leftMs: leftMs(block, consistent, perSecond),
  };
}
