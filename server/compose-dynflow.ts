import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { DynflowSourceConfiguration } from "#server/config/model.ts";
import { dynflowStream } from "#server/contract/event.ts";
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { createSqliteMailbox, createSqliteStore } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { openClientWorld } from "#server/dynflow/client-world-runner.ts";
import { createDynflowFollower } from "#server/dynflow/follower.ts";
import type { DynflowMailbox, DynflowStore } from "#server/dynflow/ports.ts";
import { createPlanActions, type PlanActions } from "#server/dynflow/resume.ts";
import { actingRefusal } from "#server/dynflow/resume-refusal.ts";
import type { DynflowSource } from "#server/dynflow/source-view.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Operations } from "#server/operations/ports.ts";
import type { SourceDeps } from "./compose-dna.ts";

/** For how long a plan is followed closely after somebody asked for it. */
const LOOK_FOR_MS = 15_000;
/** How often it is asked whether our world may join. */
const ASK_AGAIN_MS = 500;

export interface DynflowSeat {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  readonly act: boolean;
  /** Release as the operator stated it; `null` = not stated. */
  readonly release: string | null;
  readonly demo: boolean;
}

/** How a database is reached: its reader, and, only when it is acted on, its mailbox. */
export interface DynflowAccess {
  readonly store: DynflowStore;
  /** LISTEN/NOTIFY can be had. */
  readonly notifies: boolean;
  /** Called once, and only for a source with `act: true`. */
  openMailbox(): DynflowMailbox;
}

export interface DynflowAssembly {
  readonly source: DynflowSource;
  readonly title: string;
  readonly region: string;
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function accessOf({ database }: DynflowSourceConfiguration): DynflowAccess {
  if (database.kind === "sqlite") {
    const file = { path: database.path };
    return { store: createSqliteStore(file), notifies: false, openMailbox: () => createSqliteMailbox(file) };
  }
  const source = { url: database.url, ...(database.password === null ? {} : { password: database.password.reveal() }) };
  return { store: createPostgresStore(source), notifies: true, openMailbox: () => createPostgresMailbox(source) };
}

export async function assembleDynflow(
  seat: DynflowSeat,
  access: DynflowAccess,
  deps: SourceDeps & { readonly state: StateStore; readonly operations: Operations },
): Promise<DynflowAssembly> {
  const { recorder, view, clock } = deps;
  const log = deps.log.child({ source: seat.id });
  const { store } = access;
  const follower = createDynflowFollower({ sourceId: seat.id, store, recorder, view, clock, log });
  const acting = seat.act ? await openActing(seat, access, follower, { ...deps, log }) : null;
  const looks = new Map<string, { end: () => void; timer: ReturnType<typeof setTimeout> }>();

  function look(planId: string): void {
    const known = looks.get(planId);
    if (known !== undefined) clearTimeout(known.timer);
    const end = known?.end ?? follower.watch(planId);
    const timer = setTimeout(() => {
      looks.delete(planId);
      end();
    }, LOOK_FOR_MS);
    timer.unref();
    looks.set(planId, { end, timer });
  }

  const source: DynflowSource = {
    id: seat.id,
    title: seat.title,
    act: seat.act,
    store,
    commands: acting?.actions ?? null,
    fold: () => view.dynflow(seat.id),
    capabilities: () => follower.capabilities(),
    planProgress: (planId) => view.samples()[dynflowStream(seat.id)]?.planProgress?.[planId] ?? null,
    lapMs: () => view.samples()[dynflowStream(seat.id)]?.lapMs ?? null,
    look,
  };
  return {
    source,
    title: seat.title,
    region: seat.region,
    async run(signal) {
      await Promise.all([follower.run(signal), acting?.run(signal)]);
    },
    async close() {
      for (const { timer } of looks.values()) clearTimeout(timer);
      await Promise.all([store.close(), acting?.close()]);
    },
  };
}

interface Acting {
  readonly actions: PlanActions;
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Opens the one writing connection to a source that is acted on, as a client world of its own. */
async function openActing(
  seat: DynflowSeat,
  access: DynflowAccess,
  follower: ReturnType<typeof createDynflowFollower>,
  deps: SourceDeps & { readonly state: StateStore; readonly operations: Operations },
): Promise<Acting> {
  const { recorder, view, clock, log, state, operations } = deps;
  const mailbox = access.openMailbox();
  const world = await openClientWorld({
    sourceId: seat.id,
    mailbox,
    state,
    clock,
    log,
    notifies: access.notifies,
    hostname: hostname(),
    pid: process.pid,
    newWorldId: randomUUID,
  });
  const refusal = (registered: boolean) =>
    actingRefusal({
      capabilities: follower.capabilities(),
      health: view.dynflow(seat.id).source.state,
      release: seat.release,
      demo: seat.demo,
      registered,
    });
  const actions = createPlanActions({
    sourceId: seat.id,
    store: access.store,
    world,
    state,
    operations,
    recorder,
    view,
    clock,
    log,
    refusal: () => refusal(world.worldId() !== null),
    look: (planId) => follower.look(planId),
  });
  await actions.load();
  return {
    actions,
    async run(signal) {
      await Promise.all([joinWhenAllowed(signal), actions.run(signal)]);
    },
    close: () => mailbox.close(),
  };

  /** Not a byte is written to a database before it has shown a schema that this console may write to. */
  async function joinWhenAllowed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && refusal(true) !== null) await pauseFor(ASK_AGAIN_MS, clock, signal);
    if (!signal.aborted) await world.run(signal);
  }
}

/** Sleeps; an abort only ends it. */
async function pauseFor(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch((cause: unknown) => {
    if (!signal.aborted) throw cause;
  });
}
