/**
 * What was observed of a HAF stack, in its real order: only facts of the fold. Lives that nobody saw but that follow
 * from the database are dashed; what went another way than the plan is badged; failures are red; each life of a role
 * has a line of its own. Pure.
 */
import { HAF_PARTIES, HAF_PROCESS_PARTIES } from "#server/contract/diagram/haf-process.ts";
import { type HafLifecycleFact, type HafRole, type HafRoleRef, hafRoleKey } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { cutLabel, type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { deviationsOf } from "./haf-deviations.ts";
import type { HafDrawInput } from "./haf-plan-diagram.ts";
import { appProgress, appsInOrder, PROGRESS_ROOM, replayProgress, shownApps } from "./haf-stack.ts";
import { collapse, FLIP, split, type Told } from "./haf-told.ts";
import { flatten, type ScriptItem, type ScriptMessage, type ScriptParty, toScriptDiagram } from "./sequence-diagram.ts";

export interface HafActualLine {
  readonly key: string;
  /** `null` = it is so now. */
  readonly at: EpochMs | null;
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly inferred: boolean;
  readonly deviation: string | null;
  readonly failed: boolean;
}

export interface HafActualDrawing {
  readonly diagram: Diagram;
  readonly marks: DiagramMarks;
  /** All that is drawn, and what the picture has no room for. */
  readonly lines: readonly HafActualLine[];
  readonly folded: number;
  readonly all: number;
  /** Facts that are not drawn: the oldest. */
  readonly cut: number;
}

const ORCHESTRATOR = "gandalf";

/** What was observed, with the present marked. */
export function hafActualDrawing(input: HafDrawInput): HafActualDrawing {
  const { fold, all } = input;
  const names = appsInOrder(fold).map(([name]) => name);
  // Some begin in the past when they are seen: they are told when they were.
  const observed = fold.facts.toSorted((a, b) => a.at - b.at);
  const told = observed.flatMap(({ ref }) => (ref?.app == null ? [] : [ref.app]));
  const apps = [...new Set([...names, ...told])];
  const shown = shownApps(apps, fold, all);
  const deviations = deviationsOf(observed);
  const facts = collapse(
    observed.map((fact, index) => ({ fact, key: `f${index}`, deviation: deviations.get(index) ?? null, times: 1 })),
  ).filter(({ fact: { ref } }) => ref?.app == null || shown.has(ref.app));
  const { silent, drawn } = split(facts);
  const stage = createStage();
  for (const each of silent) stage.see(each.fact, null);
  stage.forget();
  for (const each of drawn) stage.see(each.fact, each);
  const items = withPresent(stage, input, shown, apps.length - shown.size);
  return finish(stage, items, { folded: apps.length - shown.size, all: apps.length, cut: facts.length - drawn.length });
}

interface Party extends ScriptParty {
  readonly role: HafRole | null;
  readonly app: string | null;
  inferred: boolean;
  failed: boolean;
}

interface Line {
  readonly at: EpochMs | null;
  readonly inferred: boolean;
  readonly deviation: string | null;
  readonly failed: boolean;
}

type Stage = ReturnType<typeof createStage>;

/** Who is there at each moment, and what was said; a fact without `told` is only remembered. */
function createStage() {
  const parties = new Map<string, Party>();
  /** Role key to the key of the life that goes on. */
  const alive = new Map<string, string>();
  const lives = new Map<string, number>();
  const lines = new Map<string, Line>();
  const past: ScriptItem[] = [];
  let present: ScriptItem[] = [];
  parties.set(ORCHESTRATOR, {
    key: ORCHESTRATOR,
    label: HAF_PROCESS_PARTIES.gandalf.title,
    role: null,
    app: null,
    inferred: false,
    failed: false,
  });

  const lifeOf = (ref: HafRoleRef | null): string | null =>
    ref === null ? null : (alive.get(hafRoleKey(ref)) ?? null);
  const lifeOfRole = (role: HafRole, app: string | null): string | null => {
    for (const key of alive.values()) {
      const party = parties.get(key);
      if (party?.role === role && party.app === app) return key;
    }
    return null;
  };
  const hafOrOrchestrator = (): string => lifeOfRole("haf", null) ?? ORCHESTRATOR;
  const voiceOf = (app: string): string =>
    (["sync", "setup", "detector", "api"] as const).map((role) => lifeOfRole(role, app)).find((key) => key !== null) ??
    hafOrOrchestrator();

  function begin(ref: HafRoleRef, inferred: boolean): string {
    const role = hafRoleKey(ref);
    const life = (lives.get(role) ?? 0) + 1;
    lives.set(role, life);
    const key = `${role}#${life}`;
    const { title, box } = HAF_PROCESS_PARTIES[ref.role];
    const again = life > 1 || ref.generation > 1 ? ` (${Math.max(life, ref.generation)})` : "";
    const label = cutLabel(ref.app === null ? `${title}${again}` : `${title} ${ref.app}${again}`);
    const own = box === null ? {} : { box: ref.role };
    parties.set(key, { key, label, ...own, role: ref.role, app: ref.app, inferred, failed: false });
    alive.set(role, key);
    return key;
  }

  function say(told: Told, from: string, to: string, label: string, rest: Partial<ScriptMessage> = {}): ScriptMessage {
    const { fact, deviation } = told;
    const ends = rest.effect === "ends";
    const key = `${told.key}${ends ? " end" : ""}`;
    const often = told.times > 1 ? ` ×${told.times}` : "";
    const shownDeviation = deviation !== null && !(ends && lines.has(told.key));
    lines.set(key, {
      at: fact.at,
      inferred: fact.inferred,
      deviation: shownDeviation ? deviation : null,
      failed: fact.to === "failed",
    });
    const arrow = fact.inferred ? (ends ? "--x" : "-->>") : ends ? "-x" : "->>";
    return {
      kind: "message",
      key,
      from,
      to,
      label: cutLabel(`${shownDeviation ? "≠ " : ""}${label}${often}`, WORDS_MAX),
      arrow,
      effect: null,
      ...rest,
    };
  }

  function sayRole(fact: HafLifecycleFact, ref: HafRoleRef, told: Told | null): void {
    const { to, inferred, cause } = fact;
    if (to === "planned") return;
    const isOver = OVER.has(to);
    const known = lifeOf(ref);
    const causer = lifeOf(cause);
    if (known === null) {
      const key = begin(ref, inferred);
      const by = causer === null || causer === key ? ORCHESTRATOR : causer;
      if (told !== null) present.push(say(told, by, key, BEGINS[ref.role], { effect: "creates" }));
    } else if (!isOver && told !== null) present.push(say(told, known, known, STATE_WORDS[to] ?? cutLabel(to)));
    if (!isOver) return;
    const key = lifeOf(ref) ?? ORCHESTRATOR;
    const party = parties.get(key);
    if (party !== undefined && to === "failed") party.failed = true;
    const by = causer === null || causer === key || !alive.has(hafRoleKey(cause ?? ref)) ? key : causer;
    if (told !== null) {
      const words = by === key ? (STATE_WORDS[to] ?? "is over") : "shutdown";
      const end = say(told, by, key, to === "failed" ? "failed" : words, { effect: "ends" });
      const note: ScriptItem = {
        kind: "note",
        key: `${told.key} why`,
        over: key,
        label: cutLabel(fact.note ?? "failed", WORDS_MAX),
      };
      if (to === "failed") present.push({ kind: "mark", mark: "failed", items: [note, end] });
      else present.push(end);
    }
    alive.delete(hafRoleKey(ref));
  }

  function see(fact: HafLifecycleFact, told: Told | null): void {
    if (fact.kind === "role") {
      if (fact.ref !== null) sayRole(fact, fact.ref, told);
      return;
    }
    if (told === null) return;
    if (fact.kind === "phase") {
      past.push(...present);
      present = [];
    }
    if (fact.kind === "phase" || fact.ref?.app == null) {
      const label = cutLabel(
        fact.kind === "phase" ? plain(fact.to.replaceAll(",", ", ")) : (fact.note ?? fact.to),
        WORDS_MAX,
      );
      lines.set(told.key, { at: fact.at, inferred: fact.inferred, deviation: told.deviation, failed: false });
      present.push({ kind: "note", key: told.key, over: hafOrOrchestrator(), label });
      return;
    }
    const voice = voiceOf(fact.ref.app);
    const whose = parties.get(voice)?.app === fact.ref.app ? "" : `${fact.ref.app}: `;
    const words = fact.kind === "log" ? (LOG_WORDS[fact.to] ?? fact.to) : `is ${plain(fact.to)}`;
    const about = fact.kind !== "log" || fact.note === null || fact.note === "" ? "" : `, ${fact.note}`;
    const message = say(told, voice, voice, `${whose}${words}${about}`);
    present.push(fact.to === "detached" ? { kind: "mark", mark: "failed", items: [message] } : message);
  }

  return {
    parties,
    lines,
    see,
    lifeOfRole,
    hafOrOrchestrator,
    /** Drops whoever is over by now: nothing of them is drawn. */
    forget(): void {
      const living = new Set(alive.values());
      for (const key of parties.keys()) if (key !== ORCHESTRATOR && !living.has(key)) parties.delete(key);
    },
    items: () => ({ past, present }),
  };
}

/** Words of ours have underscores for spaces. */
const plain = (word: string): string => word.replaceAll("_", " ");
/** What was said may be longer than a name. */
const WORDS_MAX = 60;
const OVER: ReadonlySet<string> = new Set(["done", "failed", "destroyed"]);
const BEGINS: Readonly<Record<HafRole, string>> = {
  mib: "build indexes",
  haf: "start",
  live_trigger: "wait for LIVE",
  setup: "set up",
  sync: "start",
  detector: "wait until live",
  api: "serve",
};
const STATE_WORDS: Readonly<Record<string, string>> = {
  starting: "is starting",
  alive: "is well",
  sick: "is unhealthy",
  done: "done",
  destroyed: "is gone",
};
const LOG_WORDS: Readonly<Record<string, string>> = {
  CREATED: "context created",
  ATTACHED: "attached",
  DETACHED: "detached",
  REMOVED: "context removed",
  STATE_CHANGED: "stage changed",
  SLOW_PROCESSING: "slow",
  [FLIP]: "attached, then detached",
};

/** Puts what is so now behind what was seen since the phase was entered, and marks both as the present. */
function withPresent(
  stage: Stage,
  { fold, sample }: HafDrawInput,
  shown: ReadonlySet<string>,
  folded: number,
): readonly ScriptItem[] {
  const { past, present } = stage.items();
  const now: ScriptItem[] = [];
  const goesOn = (key: string, party: string, label: string) =>
    now.push({
      kind: "message",
      key: `now ${key}`,
      from: party,
      to: party,
      label,
      arrow: "->>",
      effect: null,
      room: PROGRESS_ROOM,
    });
  const haf = stage.lifeOfRole("haf", null);
  if (haf !== null) goesOn("haf", haf, replayProgress(fold, sample));
  for (const [name, app] of appsInOrder(fold)) {
    const sync = shown.has(name) ? stage.lifeOfRole("sync", name) : null;
    if (sync !== null) goesOn(name, sync, appProgress(name, app, fold, sample));
  }
  const over = stage.hafOrOrchestrator();
  if (folded > 0) now.push({ kind: "note", key: "folded", over, label: `and ${folded} more apps` });
  const last = flatten(past).length === 0 && present.length === 0 && now.length === 0;
  if (last) now.push({ kind: "note", key: "nothing", over: ORCHESTRATOR, label: "nothing was seen yet" });
  else if (present.length === 0 && now.length === 0)
    now.push({ kind: "note", key: "still", over, label: "nothing since" });
  return [...past, { kind: "mark", mark: "now", items: [...present, ...now] }];
}

function finish(
  stage: Stage,
  items: readonly ScriptItem[],
  counts: { readonly folded: number; readonly all: number; readonly cut: number },
): HafActualDrawing {
  const parties = [...stage.parties.values()];
  const boxes = Object.fromEntries(
    HAF_PARTIES.flatMap((party) => {
      const title = HAF_PROCESS_PARTIES[party].box;
      return title === null ? [] : [[party, title]];
    }),
  );
  const diagram = toScriptDiagram({ title: "What was observed", parties, items, boxes });
  const nameOf = (key: string): string => stage.parties.get(key)?.label ?? key;
  const lines = flatten(items).flatMap((item): readonly HafActualLine[] => {
    if (item.kind === "note" && item.key.endsWith(" why")) return [];
    const line = stage.lines.get(item.key) ?? { at: null, inferred: false, deviation: null, failed: false };
    const [from, to] = item.kind === "note" ? [item.over, item.over] : [item.from, item.to];
    return [{ key: item.key, ...line, from: nameOf(from), to: nameOf(to), what: item.label }];
  });
  const odd = [...stage.lines].flatMap(([key, { deviation }]) => (deviation === null ? [] : [key]));
  const marks: DiagramMarks = {
    ...NO_MARKS,
    dashed: parties.filter(({ inferred }) => inferred).map(({ key }) => key),
    failed: parties.filter(({ failed }) => failed).map(({ key }) => key),
    odd,
  };
  return { diagram, marks, lines, ...counts };
}
