/** What of the apps of a stack is recorded: what differs between the fold and what was read. Pure. */
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { HafAppFold, HafFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import type { HafAppFacts, HafAppState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type AppLook, absentApp, appEvidence, appFacts, judgeApp } from "./domain/app-state.ts";
import type { HafContext } from "./ports.ts";
import type { AppRows } from "./reader-memory.ts";

/** Apps of one stack that are followed. */
export const APPS_MAX = 300;
/** With more apps than this, those that only the log remembers are left out. */
const REMOVED_MAX = 100;

export interface AppsLook {
  readonly now: EpochMs;
  readonly contexts: readonly HafContext[];
  /** Names that are configured, in their order. */
  readonly configured: readonly string[];
  readonly consistentBlock: number | null;
  /** Context id to how many of its indexes are not created. */
  readonly pending: Readonly<Record<string, number>>;
  readonly rows: ReadonlyMap<string, AppRows>;
  /** A container that sets this app up runs now. */
  readonly settingUp: (app: string) => boolean;
  /** Of configured apps without a context those whose schema exists. */
  readonly schemas: readonly string[];
  /** The block each app was at, at the look before. */
  readonly blocks: ReadonlyMap<string, number>;
}

export interface JudgedApp {
  readonly name: string;
  readonly facts: HafAppFacts;
  readonly life: number;
  /** Known before this look. */
  readonly known: boolean;
  readonly context: HafContext | null;
}

export interface AppsVerdict {
  /** In order of context id, then of the configuration. */
  readonly apps: readonly JudgedApp[];
  readonly drafts: readonly EventDraft[];
  /** Apps whose block went down, with the reason. */
  readonly wentDown: readonly { readonly app: string; readonly evidence: string }[];
}

export function judgeApps(fold: HafFold, look: AppsLook): AppsVerdict {
  const contexts = look.contexts.slice(0, APPS_MAX);
  const named = new Set(contexts.map(({ name }) => name));
  const known = Object.keys(fold.apps);
  // Names of before our first look, which only the log still has: as long as there is room.
  const removed =
    known.length > REMOVED_MAX ? [] : [...look.rows].flatMap(([name, rows]) => (rows.removedAt ? name : []));
  const others = new Set([...look.configured, ...known, ...removed].filter((name) => !named.has(name)));
  const drafts: EventDraft[] = [];
  const apps: JudgedApp[] = [];
  const wentDown: { app: string; evidence: string }[] = [];
  for (const context of contexts) {
    const judged = judgeContext(own(fold.apps, context.name), context, look);
    drafts.push(...judged.drafts);
    apps.push(judged.app);
    const before = look.blocks.get(context.name);
    if (judged.anew || before === undefined || context.currentBlock >= before) continue;
    wentDown.push({ app: context.name, evidence: downEvidence(context, before, look) });
  }
  for (const name of others) {
    const judged = judgeAbsent(own(fold.apps, name), name, look);
    if (judged === null) continue;
    drafts.push(...judged.drafts);
    apps.push(judged.app);
  }
  return { apps, drafts, wentDown };
}

function downEvidence({ name, currentBlock }: HafContext, before: number, { rows }: AppsLook): string {
  const reason = rows.get(name)?.latest;
  return `${name} went from block ${before} back to ${currentBlock}${reason === undefined ? "" : `, log: ${reason}`}`;
}

interface Judged {
  readonly app: JudgedApp;
  readonly drafts: readonly EventDraft[];
  /** Another context than the one that was known. */
  readonly anew: boolean;
}

function judgeContext(known: HafAppFold | undefined, context: HafContext, look: AppsLook): Judged {
  const { name, id } = context;
  const anew = known !== undefined && (known.state === "removed" || (known.contextId ?? id) !== id);
  const appLook: AppLook = {
    context,
    consistentBlock: look.consistentBlock,
    indexesPending: own(look.pending, String(id)) ?? 0,
    known: known === undefined || anew ? null : known,
  };
  const judged = judgeApp(appLook);
  const isSetUp = look.settingUp(name) && (judged === "installed" || judged === "indexes_pending");
  const state: HafAppState = isSetUp ? "installing" : judged;
  const facts = appFacts(appLook, state);
  const evidence = isSetUp ? "its set-up still runs" : appEvidence(appLook, state);
  const drafts: EventDraft[] = [];
  // A name that came back between two looks was removed in between, whether or not anybody saw it.
  if (anew && known.state !== "removed")
    drafts.push(
      changed(
        name,
        known.state,
        absentApp("removed"),
        "another context took its name",
        look.rows.get(name)?.createdAt ?? look.now,
      ),
    );
  const from = anew ? "removed" : (known?.state ?? null);
  drafts.push(...difference(known, anew, { name, from, facts, evidence, look }));
  const life = (known?.life ?? 1) + (anew ? 1 : 0);
  return { app: { name, facts, life, known: known !== undefined && !anew, context }, drafts, anew };
}

interface Difference {
  readonly name: string;
  readonly from: HafAppState | null;
  readonly facts: HafAppFacts;
  readonly evidence: string;
  readonly look: AppsLook;
}

function difference(known: HafAppFold | undefined, anew: boolean, to: Difference): readonly EventDraft[] {
  const { name, from, facts, evidence, look } = to;
  if (from !== facts.state) return [changed(name, from, facts, evidence, instantOf(to))];
  if (known === undefined || anew) return [];
  const before = look.blocks.get(name);
  const down = before !== undefined && facts.block !== null && facts.block < before;
  if (!down && sameButBlock(known, facts)) return [];
  return [{ kind: "haf.app.changed", subject: name, occurredAt: look.now, body: facts }];
}

function sameButBlock(known: HafAppFold, facts: HafAppFacts): boolean {
  const { stateSince: _, movedAt: __, life: ___, ...before } = known;
  return canonicalJson({ ...before, block: null }) === canonicalJson({ ...facts, block: null });
}

/** When it came to be so, where the log tells. */
function instantOf({ name, facts, look }: Difference): EpochMs {
  const rows = look.rows.get(name);
  if (facts.state === "installed" && rows?.createdAt != null) return rows.createdAt;
  return look.now;
}

function changed(
  name: string,
  from: HafAppState | null,
  app: HafAppFacts,
  evidence: string,
  occurredAt: EpochMs,
): EventDraft {
  const body = { from, app, evidence };
  return { kind: "haf.app.state_changed", subject: name, occurredAt, synthetic: true, body };
}

/** An app that has no context: never had, or has none any more. */
function judgeAbsent(known: HafAppFold | undefined, name: string, look: AppsLook): Judged | null {
  const configured = look.configured.includes(name);
  const before = known?.state ?? null;
  const had = known !== undefined && known.contextId !== null;
  const isRemoved = had || before === "removed" || (look.rows.get(name)?.removedAt ?? null) !== null;
  const state = isRemoved ? "removed" : look.settingUp(name) || look.schemas.includes(name) ? "installing" : "missing";
  if (state === "missing" && !configured) return null;
  const app = { name, facts: absentApp(state), life: known?.life ?? 1, known: known !== undefined, context: null };
  if (before === state) return { app, drafts: [], anew: false };
  const removedAt = look.rows.get(name)?.removedAt ?? null;
  const words = {
    missing: "it has no context",
    installing: look.settingUp(name) ? "its set-up runs" : "its schema exists, its context does not",
    removed: "its context is gone",
  };
  const evidence = state === "removed" && removedAt !== null ? "its context was removed" : words[state];
  const draft = changed(
    name,
    before,
    absentApp(state),
    evidence,
    state === "removed" ? (removedAt ?? look.now) : look.now,
  );
  return { app, drafts: [draft], anew: false };
}
