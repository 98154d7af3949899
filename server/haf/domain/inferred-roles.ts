/**
 * Lives of roles told from the database alone, where no container says better: a live trigger from the first look until
 * LIVE, a set-up until its context was created, a sync from the first row of the log after that, its detector until the
 * app is in sync, an API from its first connection. Pure.
 */
import type { HafAppState, HafRole, HafRoleRef, HafRoleState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { isOver, type Life, type LifeChange, latestLife, refOf } from "./lives.ts";

export interface AppTrace {
  readonly name: string;
  /** How often an app of this name was created. */
  readonly life: number;
  readonly state: HafAppState;
  /** Known before this look. */
  readonly known: boolean;
  /** Row CREATED of this life; `null` = no such row was read. */
  readonly createdAt: EpochMs | null;
  /** It has a stage, or has taken a block. */
  readonly iterated: boolean;
  /** First row of the log after CREATED. */
  readonly iteratedAt: EpochMs | null;
  readonly removedAt: EpochMs | null;
  readonly indexes: { readonly missing: number; readonly creating: number };
  /** An API server of it is connected to the database. */
  readonly served: boolean;
}

export interface RoleLook {
  readonly now: EpochMs;
  /** `null` = the database was not read. */
  readonly syncState: string | null;
  /** In order of context id. */
  readonly apps: readonly AppTrace[];
  readonly lives: readonly Life[];
  /** Containers tell of this role: nothing is inferred then. */
  readonly told: (role: HafRole, app: string | null) => boolean;
}

interface Wanted {
  readonly to: HafRoleState;
  readonly at: EpochMs;
  readonly evidence: string;
  readonly cause?: HafRoleRef | null;
}

/** The changes that bring the lives to what this look says, in the order in which they happened. */
export function inferRoles(look: RoleLook): readonly LifeChange[] {
  const changes: LifeChange[] = [];
  const lives = [...look.lives];
  const move = (ref: HafRoleRef, { to, at, evidence, cause = null }: Wanted): void => {
    const index = lives.findIndex(
      (life) => life.role === ref.role && life.app === ref.app && life.generation === ref.generation,
    );
    const from = lives[index]?.state ?? null;
    if (from === to) return;
    const change = { ...ref, from, to, inferred: true, cause, exitCode: null, evidence, container: null, at };
    changes.push(change);
    lives.splice(index < 0 ? lives.length : index, 1, { ...change, state: to, since: at });
  };
  const context: Inference = { look, move, latest: (role, app) => latestLife(lives, role, app) };
  if (look.syncState !== null) inferStack(context, look.syncState);
  let previous: HafRoleRef | null = null;
  for (const app of look.apps) {
    if (app.state === "removed") endApp(context, app);
    else previous = inferApp(context, app, previous) ?? previous;
  }
  return changes;
}

interface Inference {
  readonly look: RoleLook;
  readonly move: (ref: HafRoleRef, wanted: Wanted) => void;
  readonly latest: (role: HafRole, app: string | null) => Life | null;
}

function inferStack({ look: { now, told }, move, latest }: Inference, syncState: string): void {
  const haf = latest("haf", null);
  const hafRef = haf === null ? ({ role: "haf", app: null, generation: 1 } as const) : refOf(haf);
  if (!told("haf", null)) move(hafRef, { to: "alive", at: now, evidence: "its database answers" });
  if (told("live_trigger", null)) return;
  const trigger = latest("live_trigger", null);
  const ref = { role: "live_trigger", app: null, generation: trigger?.generation ?? 1 } as const;
  if (syncState !== "LIVE" && trigger === null)
    move(ref, { to: "alive", at: now, evidence: `hived is in ${syncState}`, cause: hafRef });
  if (syncState === "LIVE" && trigger !== null && !isOver(trigger.state))
    move(ref, { to: "done", at: now, evidence: "LIVE was seen" });
}

/** @returns the set-up of the app, for the next one to follow from */
function inferApp(inference: Inference, app: AppTrace, previous: HafRoleRef | null): HafRoleRef | null {
  inferBuilder(inference, app);
  if (app.state === "missing" || app.state === "installing") return null;
  const setup = inferSetup(inference, app, previous);
  inferSync(inference, app, setup);
  return setup;
}

/** The life to move: the latest one, or a new one when the app began anew after it. */
function currentRef({ latest }: Inference, role: HafRole, app: AppTrace): HafRoleRef {
  const known = latest(role, app.name);
  const begunAnew = known !== null && isOver(known.state) && known.generation < app.life;
  return { role, app: app.name, generation: known === null || begunAnew ? app.life : known.generation };
}

function isNew({ latest }: Inference, ref: HafRoleRef): boolean {
  const known = latest(ref.role, ref.app);
  return known === null || known.generation < ref.generation;
}

function inferBuilder(inference: Inference, app: AppTrace): void {
  const { look, move, latest } = inference;
  if (look.told("mib", app.name)) return;
  const { missing, creating } = app.indexes;
  const known = latest("mib", app.name);
  if (missing + creating === 0) {
    if (known !== null && !isOver(known.state))
      move(refOf(known), { to: "done", at: look.now, evidence: "its indexes are created" });
    return;
  }
  const generation = known === null ? app.life : known.generation + (isOver(known.state) ? 1 : 0);
  const to = creating > 0 ? "alive" : "planned";
  if (known?.state === "alive" && to === "planned") return;
  const evidence = creating > 0 ? `${creating} of its indexes are being created` : `${missing} of its indexes wait`;
  move({ role: "mib", app: app.name, generation }, { to, at: look.now, evidence });
}

function inferSetup(inference: Inference, app: AppTrace, previous: HafRoleRef | null): HafRoleRef {
  const { look, move, latest } = inference;
  const ref = currentRef(inference, "setup", app);
  if (look.told("setup", app.name)) return ref;
  const endedAt = app.createdAt ?? look.now;
  if (isNew(inference, ref)) {
    const before = previous === null ? null : latest("setup", previous.app);
    const begunAt = before !== null && before.since < endedAt ? before.since : endedAt;
    const trigger = latest("live_trigger", null);
    const cause = previous ?? (trigger?.state === "done" ? refOf(trigger) : null);
    move(ref, { to: "alive", at: begunAt, evidence: "its context was created by then", cause });
  }
  if (!isOver(latest("setup", app.name)?.state ?? "planned"))
    move(ref, { to: "done", at: endedAt, evidence: "its context is created" });
  return ref;
}

function inferSync(inference: Inference, app: AppTrace, setup: HafRoleRef): void {
  const { look, move, latest } = inference;
  const ref = currentRef(inference, "sync", app);
  const begunAt = app.iteratedAt ?? look.now;
  if (!look.told("sync", app.name) && app.iterated) {
    const evidence = app.iteratedAt === null ? "it has taken blocks" : "its first row in the log";
    if (isNew(inference, ref)) move(ref, { to: "alive", at: begunAt, evidence, cause: setup });
    if (app.state === "detached") move(ref, { to: "sick", at: look.now, evidence: "its context is detached" });
    else if (latest("sync", app.name)?.state === "sick")
      move(ref, { to: "alive", at: look.now, evidence: `its state is ${app.state}` });
  }
  inferDetector(inference, app, ref);
  const api = currentRef(inference, "api", app);
  if (!look.told("api", app.name) && app.served)
    move(api, {
      to: "alive",
      at: look.now,
      evidence: "its API server is connected",
      cause: { ...ref, role: "detector" },
    });
}

/** Of an app that was live before it was first seen nobody knows when its detector ended: there is none. */
function inferDetector(inference: Inference, app: AppTrace, sync: HafRoleRef): void {
  const { look, move, latest } = inference;
  if (look.told("detector", app.name) || !app.iterated) return;
  const ref = currentRef(inference, "detector", app);
  const isLive = app.state === "live" || app.state === "lagging" || app.state === "detached";
  if (isNew(inference, ref) && (app.known || !isLive))
    move(ref, { to: "alive", at: app.iteratedAt ?? look.now, evidence: "its sync runs", cause: sync });
  const known = latest("detector", app.name);
  if (isLive && known !== null && !isOver(known.state))
    move(refOf(known), { to: "done", at: look.now, evidence: "the app is in sync" });
}

const OF_APPS: readonly HafRole[] = ["mib", "setup", "sync", "detector", "api"];

function endApp({ look, move, latest }: Inference, app: AppTrace): void {
  for (const role of OF_APPS) {
    const known = latest(role, app.name);
    if (known === null || isOver(known.state) || look.told(role, app.name)) continue;
    move(refOf(known), { to: "destroyed", at: app.removedAt ?? look.now, evidence: "its context was removed" });
  }
}
