/** One look at a stack, judged: the events that bring the fold to it, and its sample. */
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { HafFold, HafRoleFold } from "#server/contract/fold/haf.ts";
import { type HafEventBodies, type HafProgressFacts, hafRoleKey } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { containerRoles, toldKey } from "./domain/container-roles.ts";
import { indexFacts, observeIdle } from "./domain/index-facts.ts";
import { type AppTrace, inferRoles } from "./domain/inferred-roles.ts";
import { estimatedHead, isExpectedMove, isReady, ownIndexesMissing } from "./domain/instance.ts";
import { isOver, type Life, type LifeChange } from "./domain/lives.ts";
import { hundredth } from "./domain/pace.ts";
import { phasesOf } from "./domain/phases.ts";
import { appOfConnection } from "./domain/services.ts";
import { newestOf } from "./domain/zone.ts";
import type { HafInstance } from "./ports.ts";
import { type AppsVerdict, type JudgedApp, judgeApps } from "./reader-apps.ts";
import { checkChanges } from "./reader-checks.ts";
import type { Look } from "./reader-look.ts";
import { happen, observeRows, observeZone } from "./reader-memory.ts";

/** The events of a look, in the order in which they are told. Changes `memory`. */
export function judgeLook(look: Look): readonly EventDraft[] {
  const { fold, seen, memory, rows } = look;
  const { instance } = seen;
  const at = instance?.now ?? look.now;
  const drafts: EventDraft[] = [];
  if (seen.database !== null && canonicalJson(seen.database) !== canonicalJson(fold.database))
    drafts.push({ kind: "haf.database.changed", subject: look.sourceId, occurredAt: at, body: seen.database });
  drafts.push(...dockerChange(look, at), ...rowChanges(look, at));
  observeRows(memory, rows.log);
  if (instance !== null) drafts.push(...instanceChanges(look, instance));
  const lives = livesOf(fold);
  const containers = containerLook(look, lives);
  const after = withChanges(lives, containers.changes);
  const verdict = appsOf(look, at, after);
  drafts.push(...(verdict?.drafts ?? []), ...containers.changes.map(roleDraft));
  const apps = verdict?.apps ?? knownApps(fold);
  const inferred = inferRoles({
    now: at,
    syncState: instance?.syncState ?? null,
    apps: verdict === null ? [] : apps.map((app) => traceOf(look, app)),
    lives: after,
    told: (role, app) => containers.told.has(toldKey(role, app)),
  });
  drafts.push(...inferred.map(roleDraft), ...phaseChanges(look, apps, withChanges(after, inferred), at));
  drafts.push(...progressChanges(look, apps, drafts.length > 0));
  drafts.push(...checkChanges(look, apps, withChanges(after, inferred), at));
  memory.consistentBlock = instance?.consistentBlock ?? memory.consistentBlock;
  memory.blocks = new Map((seen.apps ?? []).map(({ name, currentBlock }) => [name, currentBlock]));
  return drafts;
}

function dockerChange({ fold, containers, sourceId }: Look, occurredAt: EpochMs): readonly EventDraft[] {
  if (containers === null || containers.state === "starting") return [];
  const { state, reason } = containers;
  if (fold.docker.state === state) return [];
  return [{ kind: "haf.docker.changed", subject: sourceId, occurredAt, synthetic: true, body: { state, reason } }];
}

/** Rows of the tables that only grow, each told once. */
function rowChanges({ fold, rows, memory, sourceId, nowMs }: Look, now: EpochMs): readonly EventDraft[] {
  const drafts: EventDraft[] = [];
  let knownHived = fold.hived;
  for (const { id, block, gitSha, at } of rows.hived) {
    if (id === knownHived?.connectionId) continue;
    const again = knownHived !== null;
    const body = { connectionId: id, gitSha, block, again };
    drafts.push({ kind: "haf.hived.connected", subject: sourceId, occurredAt: at, body });
    knownHived = { connectionId: id, gitSha, since: at };
    if (!again) continue;
    const evidence = `hived started again at block ${block}`;
    happen(memory, "hived-restarted", { agoMs: now - at, evidence, about: [] }, nowMs);
  }
  let knownFork = fold.fork?.id ?? null;
  for (const { id, block, at } of rows.forks) {
    if (id === knownFork) continue;
    drafts.push({ kind: "haf.fork.switched", subject: sourceId, occurredAt: at, body: { forkId: id, block } });
    if (knownFork !== null)
      happen(memory, "fork", { agoMs: now - at, evidence: `fork ${id} from block ${block} on`, about: [] }, nowMs);
    knownFork = id;
  }
  for (const { id: logId, app, event, stage, block, forkId, headBlock, at } of rows.log) {
    const body = { logId, app, event, stage, block, forkId, headBlock };
    drafts.push({ kind: "haf.app.logged", subject: app, occurredAt: at, body });
    if (event !== "SLOW_PROCESSING") continue;
    const evidence = `${app} took longer for block ${block ?? "?"} than its stage allows`;
    happen(memory, "app-slow", { agoMs: now - at, evidence, about: [app] }, nowMs);
  }
  return drafts;
}

function instanceChanges(look: Look, instance: HafInstance): readonly EventDraft[] {
  const { fold, seen, memory, rows, sourceId: subject, nowMs } = look;
  const at = { subject, occurredAt: instance.now };
  const drafts: EventDraft[] = [];
  const { syncState: to, consistentBlock: block } = instance;
  if (to !== fold.syncState) {
    const gapMs = memory.syncSeenAtMs === null ? null : nowMs - memory.syncSeenAtMs;
    const from = fold.syncState;
    const expected = isExpectedMove({ from, to, restarted: rows.hived.length > 0, gapMs });
    drafts.push({ kind: "haf.sync_state.changed", ...at, body: { from, to, expected } });
    if (!expected)
      happen(memory, "odd-transition", { agoMs: 0, evidence: `hived went from ${from} to ${to}`, about: [] }, nowMs);
  }
  memory.syncSeenAtMs = nowMs;
  const was = memory.consistentBlock;
  if (block !== null && was !== null && block < was) {
    drafts.push({ kind: "haf.block.rewound", ...at, synthetic: true, body: { from: was, to: block } });
    const evidence = `the last irreversible block went from ${was} back to ${block}`;
    happen(memory, "block-went-down", { agoMs: 0, evidence, about: [] }, nowMs);
  }
  if (seen.indexes === null) return drafts;
  const ready = isReady(instance, seen.indexes);
  if (ready !== fold.ready) {
    const missing = ownIndexesMissing(seen.indexes);
    const evidence = ready
      ? "its queue has events, its indexes are there"
      : `${missing} of its own indexes are missing`;
    drafts.push({ kind: "haf.ready.changed", ...at, synthetic: true, body: { ready, evidence } });
  }
  memory.idle = observeIdle(memory.idle, {
    ...{ indexes: seen.indexes, builds: seen.builds, connections: seen.connections ?? [], nowMs },
  });
  const indexes = indexFacts(seen.indexes, memory.idle, nowMs);
  if (canonicalJson(indexes) !== canonicalJson(fold.indexes))
    drafts.push({ kind: "haf.indexes.changed", ...at, body: indexes });
  return drafts;
}

const livesOf = (fold: HafFold): readonly Life[] => Object.values<HafRoleFold>(fold.roles);

function withChanges(lives: readonly Life[], changes: readonly LifeChange[]): readonly Life[] {
  if (changes.length === 0) return lives;
  const byKey = new Map(lives.map((life) => [hafRoleKey(life), life]));
  for (const change of changes) byKey.set(hafRoleKey(change), { ...change, state: change.to, since: change.at });
  return [...byKey.values()];
}

function containerLook({ containers, seen, fold, configured, now }: Look, lives: readonly Life[]) {
  if (containers === null) return { changes: [], told: new Set<string>() };
  const apps = [...(seen.apps ?? []).map(({ name }) => name), ...configured, ...Object.keys(fold.apps)];
  if (containers.containers !== null) return containerRoles({ now, containers: containers.containers, apps, lives });
  // Not reached: what they told last stands.
  const told = lives.filter(({ inferred }) => !inferred).map(({ role, app }) => toldKey(role, app));
  return { changes: [], told: new Set(told) };
}

/** `null` = apps are not seen: what was known of them stays. */
function appsOf(
  { fold, seen, configured, memory, nowMs }: Look,
  at: EpochMs,
  lives: readonly Life[],
): AppsVerdict | null {
  const { apps: contexts, instance, database } = seen;
  if (contexts === null || instance === null || database?.seesApps === false) return null;
  observeZone(memory, newestOf(contexts));
  const running = new Set(
    lives.flatMap(({ role, app, state, inferred }) =>
      role === "setup" && app !== null && !inferred && !isOver(state) && state !== "planned" ? app : [],
    ),
  );
  const verdict = judgeApps(fold, {
    ...{ now: at, contexts, configured, consistentBlock: instance.consistentBlock },
    ...{ rows: memory.rows, blocks: memory.blocks, settingUp: (app: string) => running.has(app) },
    schemas: seen.schemas ?? [],
    pending: indexFacts(seen.indexes ?? [], new Map(), 0).pending,
  });
  for (const { app, evidence } of verdict.wentDown)
    happen(memory, "block-went-down", { agoMs: 0, evidence, about: [app] }, nowMs);
  return verdict;
}

const knownApps = (fold: HafFold): readonly JudgedApp[] =>
  Object.entries(fold.apps).map(([name, facts]) => ({ name, facts, life: facts.life, known: true, context: null }));

function traceOf({ seen, memory }: Look, { name, facts, life, known, context }: JudgedApp): AppTrace {
  const rows = memory.rows.get(name);
  const own = (seen.indexes ?? []).filter(({ contexts }) => context !== null && contexts.includes(context.id));
  const count = (status: string): number => own.filter((index) => index.status === status).length;
  const begun = context !== null && (context.loop?.stage != null || context.currentBlock > 0);
  return {
    ...{ name, life, state: facts.state, known },
    createdAt: rows?.createdAt ?? null,
    iterated: begun || (rows?.iteratedAt ?? null) !== null,
    iteratedAt: rows?.iteratedAt ?? null,
    removedAt: rows?.removedAt ?? null,
    indexes: { missing: count("missing"), creating: count("creating") },
    served: (seen.connections ?? []).some(({ application }) => appOfConnection(application, [name]) === name),
  };
}

function roleDraft({ at, role, app, generation, ...change }: LifeChange): EventDraft {
  const body: HafEventBodies["haf.role.changed"] = { role, app, generation, ...change };
  const subject = hafRoleKey({ role, app, generation });
  return { kind: "haf.role.changed", subject, occurredAt: at, synthetic: change.inferred, body };
}

function phaseChanges(
  look: Look,
  apps: readonly JudgedApp[],
  lives: readonly Life[],
  at: EpochMs,
): readonly EventDraft[] {
  const { fold, seen, sourceId } = look;
  const alive = (role: Life["role"]): boolean =>
    lives.some((life) => life.role === role && !life.inferred && !isOver(life.state) && life.state !== "planned");
  const indexes = seen.indexes ?? [];
  const syncState = seen.instance?.syncState ?? fold.syncState;
  if (syncState === null && (look.containers?.containers ?? null) === null) return [];
  const phases = phasesOf({
    syncState,
    ready: seen.instance === null || seen.indexes === null ? fold.ready : isReady(seen.instance, indexes),
    apps: apps.map(({ facts: { state, stage } }) => ({ state, stage })),
    appIndexesPending: indexes.filter(({ status, contexts }) => status !== "created" && contexts.some((id) => id !== 0))
      .length,
    buildersAlive: alive("mib"),
    setupAlive: alive("setup"),
  });
  if (phases === null || phases.phases.join() === fold.phases.join()) return [];
  const body = { from: fold.phases, to: phases.phases, evidence: phases.evidence };
  return [{ kind: "haf.stack.state_changed", subject: sourceId, occurredAt: at, synthetic: true, body }];
}

/** Told when something moved by a hundredth of the way, and along with any other change. */
function progressChanges({ fold, seen, sourceId }: Look, apps: readonly JudgedApp[], other: boolean) {
  const { instance } = seen;
  if (instance === null || instance.consistentBlock === null) return [];
  const block = instance.consistentBlock;
  const head = estimatedHead(instance);
  const blocks = apps.flatMap(({ name, context }) => (context === null ? [] : [[name, context.currentBlock] as const]));
  const body: HafProgressFacts = { block, head, apps: Object.fromEntries(blocks) };
  const before = fold.progress;
  const steps = (facts: HafProgressFacts): string =>
    canonicalJson([
      hundredth(facts.block, facts.head),
      Object.entries(facts.apps).map(([name, at]) => [name, hundredth(at, facts.block)]),
    ]);
  const moved = before === null || steps(before) !== steps(body);
  const differs = before === null || canonicalJson({ ...before, head }) !== canonicalJson(body);
  if (!moved && !(other && differs)) return [];
  return [{ kind: "haf.progress" as const, subject: sourceId, occurredAt: instance.now, body }];
}
