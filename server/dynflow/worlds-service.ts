import { type Caller, sourceFor, visible } from "#server/auth/caller.ts";
import type { DynflowFold, LockFold } from "#server/contract/fold/dynflow.ts";
import { maskPayload } from "#server/contract/mask-payload.ts";
import { DEFAULT_MASK_RULES, isMaskedKey, type MaskRules } from "#server/contract/mask-rules.ts";
import { MASK_DOTS, maskFreeText } from "#server/contract/mask-text.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-worlds.ts";
import { type Clock, type EpochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { QueueStatus } from "./codec/envelope.ts";
import { receiverNote, type WaitingEnvelope } from "./domain/envelope-view.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { lockKindOf, worldInvalidationLockId, worldOf } from "./domain/records.ts";
import { lastSeenHint, learnedZone, orphanOf, type PlanStanding } from "./domain/world-validity.ts";
import type { createInvalidationService } from "./invalidation-service.ts";
import { audienceFor, type DynflowSource, maskedFor, NOT_ACTING, observedAt, toActor } from "./source-view.ts";

/** Plans that a world is told with; the number of all is told beside. */
const PLANS_TOLD_MAX = 100;
const ENVELOPES_SHOWN = 100;
/** Rows whose first sight is remembered for each source; a table that long says enough without ages. */
const SEEN_ROWS_MAX = 10_000;
const HEADS_A_READ = 500;
const ROLES: ReadonlySet<string> = new Set(["delayed-executor", "plan-cleaner", "auto-execute"]);
type Role = "delayed-executor" | "plan-cleaner" | "auto-execute";
const isRole = (kind: string): kind is Role => ROLES.has(kind);

interface LastStatus {
  readonly at: EpochMs;
  readonly planId: string | null;
  readonly queues: readonly QueueStatus[];
}

/** What is remembered of one source while somebody looks at its worlds. Never journalled: hints. */
interface Remembered {
  /** Row of an envelope to when it was first seen. */
  readonly rows: Map<number, EpochMs>;
  lookedSince: EpochMs | null;
  /** World to the text of its record, and the zone that watching it change has told. */
  readonly lastSeen: Map<string, { readonly text: string; readonly zone: number | null }>;
  readonly statuses: Map<string, LastStatus>;
}

/** Queries over worlds, their locks and what waits for them, the status of executors, and the end of dead ones. */
export function createWorldsService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  readonly invalidation: ReturnType<typeof createInvalidationService>;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, invalidation, masks = DEFAULT_MASK_RULES } = deps;
  const remembered = new Map<string, Remembered>(
    sources.map(({ id }) => [id, { rows: new Map(), lookedSince: null, lastSeen: new Map(), statuses: new Map() }]),
  );
  const memoryOf = (source: DynflowSource): Remembered => {
    const found = remembered.get(source.id);
    if (found === undefined) throw new Error(`no memory of ${source.id}`);
    return found;
  };

  async function recordsOf(source: DynflowSource): Promise<ReadonlyMap<string, CoordinatorRecord>> {
    const keys = Object.entries(source.fold().worlds).map(([id, world]) => ({ class: world.class, id }));
    const records = keys.length === 0 ? [] : await source.store.records(keys.slice(0, 500));
    return new Map(records.map((record) => [record.id, record]));
  }

  /** Texts that changed since they were looked at last tell the zone in which they are written. */
  function watchLastSeen(memory: Remembered, records: ReadonlyMap<string, CoordinatorRecord>): void {
    for (const [id, record] of records) {
      const text = worldOf(record)?.lastSeenText ?? null;
      if (text === null) continue;
      const before = memory.lastSeen.get(id);
      if (before?.text === text) continue;
      memory.lastSeen.set(id, { text, zone: before === undefined ? null : learnedZone(text, clock.now()) });
    }
    for (const id of memory.lastSeen.keys()) if (!records.has(id)) memory.lastSeen.delete(id);
  }

  async function worldsOf(source: DynflowSource, own: string | null): Promise<WireShape<typeof wire.worldView>[]> {
    const fold = source.fold();
    const memory = memoryOf(source);
    const records = await recordsOf(source);
    watchLastSeen(memory, records);
    return Object.keys(fold.worlds).map((id) =>
      toWorldView({ source, fold, id, record: records.get(id) ?? null, memory, own, masks, now: clock.now() }),
    );
  }

  function seenSince(memory: Remembered, { rowId }: WaitingEnvelope): EpochMs {
    const known = memory.rows.get(rowId);
    if (known !== undefined) return known;
    memory.rows.set(rowId, clock.now());
    const [oldest] = memory.rows.keys();
    if (memory.rows.size > SEEN_ROWS_MAX && oldest !== undefined) memory.rows.delete(oldest);
    return clock.now();
  }

  async function standingsOf(
    source: DynflowSource,
    locks: readonly LockFold[],
  ): Promise<ReadonlyMap<string, PlanStanding>> {
    const fold = source.fold();
    const ids = [...new Set(locks.flatMap(({ planId }) => planId ?? []))];
    const standings = new Map<string, PlanStanding>();
    const unknown = ids.filter((id) => fold.plans[id] === undefined);
    for (const id of ids) standings.set(id, { kind: "state", state: fold.plans[id]?.state ?? "" });
    for (let start = 0; start < unknown.length; start += HEADS_A_READ) {
      const part = unknown.slice(start, start + HEADS_A_READ);
      const heads = new Map((await source.store.heads(part)).map((head) => [head.id, head.state]));
      for (const id of part) {
        const state = heads.get(id);
        standings.set(id, state === undefined ? { kind: "missing" } : { kind: "state", state });
      }
    }
    return standings;
  }

  return {
    async list(caller: Caller, input: WireIn<typeof wire.worldsInput>): WireOut<typeof wire.worldsOutput> {
      const seen = input.source === undefined ? visible(caller, sources) : [sourceFor(caller, sources, input.source)];
      const askedAt = clock.now();
      const worlds = await Promise.all(seen.map((source) => worldsOf(source, source.commands?.worldId() ?? null)));
      return { ...observedAt(askedAt, seen), worlds: worlds.flat() };
    },

    async status(caller: Caller, input: WireIn<typeof wire.statusInput>): WireOut<typeof wire.statusOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { worldId, planId, requestId } = input;
      const commands = worldCommandsOf(source);
      const answer = await commands.status({ worldId, planId, requestId, actor: toActor(caller, input.reason) });
      const { queues, at } = answer;
      if (queues !== null && queues.length > 0) memoryOf(source).statuses.set(worldId, { at, planId, queues });
      return { journalId: answer.journalId, queues: queues === null ? null : [...queues], at: toIso(at) };
    },

    async envelopes(caller: Caller, input: WireIn<typeof wire.envelopesInput>): WireOut<typeof wire.envelopesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const memory = memoryOf(source);
      const askedAt = clock.now();
      memory.lookedSince ??= askedAt;
      const { receivers, countedAll, envelopes } = await source.store.envelopes(input.receiverId, ENVELOPES_SHOWN);
      const fold = source.fold();
      const own = source.commands?.worldId() ?? null;
      const audience = audienceFor(caller);
      return {
        ...observedAt(askedAt, [source]),
        lookedSince: toIso(memory.lookedSince),
        receivers: receivers.map(({ receiverId, count }) => receiverView(fold, own, receiverId, count)),
        countedAll,
        envelopes: envelopes.map((envelope) => ({
          ...toEnvelopeView(envelope, audience, masks),
          seenSince: toIso(seenSince(memory, envelope)),
        })),
        kept: source.undecodable().map(({ firstAt, lastAt, head, ...kept }) => ({
          ...kept,
          firstAt: toIso(firstAt),
          lastAt: toIso(lastAt),
          head: maskedFor(audience, head),
        })),
      };
    },

    async orphans(caller: Caller, input: WireIn<typeof wire.orphansInput>): WireOut<typeof wire.orphansOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const fold = source.fold();
      const locks = Object.values(fold.locks);
      const suspect = locks.filter((lock) => ORPHAN_KINDS.has(lockKindOf(lock.class)));
      const standings = await standingsOf(source, suspect);
      const orphans = locks.flatMap((lock) => {
        const kind = lockKindOf(lock.class);
        const standing = lock.planId === null ? null : (standings.get(lock.planId) ?? null);
        const words = orphanOf({ ...lock, kind }, (id) => Object.hasOwn(fold.worlds, id), standing);
        if (words === null) return [];
        const { class: name, id, ownerId, worldId, planId } = lock;
        return { class: name, id, ownerId, worldId, planId, seenSince: toIso(lock.seenSince), ...words };
      });
      return { ...observedAt(askedAt, [source]), orphans };
    },

    probe: (caller: Caller, input: WireIn<typeof wire.probeInput>): WireOut<typeof wire.probeOutput> =>
      invalidation.probe(caller, sourceFor(caller, sources, input.source), input),

    invalidatePreview: (
      caller: Caller,
      input: WireIn<typeof wire.invalidatePreviewInput>,
    ): WireOut<typeof wire.invalidatePreviewOutput> =>
      invalidation.preview(sourceFor(caller, sources, input.source), input.worldId),

    invalidate: (caller: Caller, input: WireIn<typeof wire.invalidateInput>): WireOut<typeof wire.invalidateOutput> =>
      invalidation.start(caller, sourceFor(caller, sources, input.source), input),
  };
}

const ORPHAN_KINDS: ReadonlySet<string> = new Set(["singleton", "inhibition", "execution", "planning"]);

/** What can be asked of a source's worlds. @throws OpsError `refused` while nothing can */
export function worldCommandsOf(source: DynflowSource) {
  if (source.commands === null) throw new OpsError("refused", NOT_ACTING, { reasons: [NOT_ACTING] });
  const worlds = source.commands.worlds();
  if (worlds !== null) return worlds;
  const reason = source.commands.refusal() ?? "Worldline's own world is not open at present";
  throw new OpsError("refused", reason, { reasons: [reason] });
}

interface WorldSight {
  readonly source: DynflowSource;
  readonly fold: DynflowFold;
  readonly id: string;
  readonly record: CoordinatorRecord | null;
  readonly memory: Remembered;
  readonly own: string | null;
  readonly masks: MaskRules;
  readonly now: EpochMs;
}

function toWorldView(sight: WorldSight): WireShape<typeof wire.worldView> {
  const { source, fold, id, record, memory, own, masks, now } = sight;
  const world = fold.worlds[id];
  if (world === undefined) throw new Error(`no world ${id}`);
  const held = Object.values(fold.locks).filter((lock) => lock.worldId === id);
  const plans = held.flatMap((lock) => {
    const kind = lockKindOf(lock.class);
    return lock.planId !== null && (kind === "execution" || kind === "planning") ? [{ planId: lock.planId, kind }] : [];
  });
  const invalidation = Object.values(fold.locks).find((lock) => lock.id === worldInvalidationLockId(id));
  const status = memory.statuses.get(id);
  const told = record === null ? null : worldOf(record);
  return {
    source: source.id,
    id,
    class: world.class,
    executor: world.executor,
    active: world.active,
    hostname: world.hostname,
    pid: world.pid,
    queues: world.queues,
    lastSeenText: told?.lastSeenText ?? world.lastSeenText,
    lastSeen: hintOf(memory, id, now),
    seenSince: toIso(world.seenSince),
    ping: world.ping === null ? null : { at: toIso(world.ping.at), roundTripMs: world.ping.roundTripMs },
    unreadable: world.unreadable,
    locks: held.length,
    ours: id === own,
    plans: plans.slice(0, PLANS_TOLD_MAX),
    planCount: plans.length,
    roles: [...new Set(held.map((lock) => lockKindOf(lock.class)).filter(isRole))],
    invalidatedBy: invalidation?.worldId ?? null,
    status: status === undefined ? null : { at: toIso(status.at), planId: status.planId, queues: [...status.queues] },
    meta: told === null ? null : metaOf(told.meta, masks),
  };
}

/** A key that the patterns name tells that it is there, not what it holds; what is below the others is masked as any payload. */
const metaOf = (meta: JsonObject, masks: MaskRules): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [
      key,
      isMaskedKey(masks, key) ? MASK_DOTS : maskPayload(masks, value).value,
    ]),
  );

function hintOf(memory: Remembered, id: string, now: EpochMs): WireShape<typeof wire.worldView>["lastSeen"] {
  const known = memory.lastSeen.get(id);
  if (known === undefined) return null;
  const others = [...memory.lastSeen].flatMap(([other, { zone }]) => (other === id || zone === null ? [] : [zone]));
  const { ageMs, zone } = lastSeenHint(known.text, { own: known.zone, others }, now);
  return { ageMs, zone };
}

function receiverView(fold: DynflowFold, own: string | null, receiverId: string, count: number) {
  const world = fold.worlds[receiverId];
  const ours = receiverId === own;
  const answered = world?.ping == null ? null : world.ping.roundTripMs !== null;
  const registered = world !== undefined;
  const note = receiverNote({ registered, executor: world?.executor ?? false, ours, answered });
  return { receiverId, count, registered, ours, hostname: world?.hostname ?? null, note };
}

function toEnvelopeView(
  { rowId, receiverId, bytes, head, said }: WaitingEnvelope,
  audience: ReturnType<typeof audienceFor>,
  masks: MaskRules,
) {
  if (!said.ok) {
    return {
      rowId,
      receiverId,
      bytes,
      said: null,
      undecodable: { reason: said.reason, head: maskedFor(audience, head) },
    };
  }
  const { detail, deviations, ...plain } = said.value;
  const shown = {
    ...plain,
    detail: detail === null ? null : maskedFor(audience, maskFreeText(masks, detail)),
    deviations: [...deviations],
  };
  return { rowId, receiverId, bytes, said: shown, undecodable: null };
}
