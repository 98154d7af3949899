/**
 * The set-up of a HAF stack as it is meant, for the apps there are, with the present marked: what is not reached yet is
 * grey, what suffers is red. Laid out from the frozen process alone; nothing of what was observed adds a step. Pure.
 */
import {
  HAF_PARTIES,
  HAF_PROCESS,
  HAF_PROCESS_PARTIES,
  type HafEnd,
  type HafParty,
  type HafPhasePlan,
  type HafStep,
} from "#server/contract/diagram/haf-process.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafPhase, HafSample } from "#server/contract/haf.ts";
import { cutLabel, type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { type HafLane, lanesOf, PROGRESS_ROOM, replayProgress } from "./haf-stack.ts";
import {
  flatten,
  markedKeys,
  type ScriptItem,
  type ScriptMark,
  type ScriptMessage,
  type ScriptParty,
  toScriptDiagram,
} from "./sequence-diagram.ts";

export type HafStanding = "passed" | "now" | "later" | "failed";

export interface HafPlanLine {
  readonly key: string;
  readonly phase: HafPhase;
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly standing: HafStanding;
}

export interface HafPlanDrawing {
  readonly diagram: Diagram;
  readonly marks: DiagramMarks;
  readonly lines: readonly HafPlanLine[];
  /** Apps without a lane of their own. */
  readonly folded: number;
  readonly all: number;
}

export interface HafDrawInput {
  readonly fold: HafFold;
  /** `null` = not known: in the past it is not kept. */
  readonly sample: HafSample | null;
  /** Each app has a lane, however many there are. */
  readonly all: boolean;
}

/** The plan of a stack with its present marked. */
export function hafPlanDrawing({ fold, sample, all }: HafDrawInput): HafPlanDrawing {
  const { lanes, folded, all: count } = lanesOf(fold, sample, all);
  const layout = createLayout(fold, sample, lanes);
  const items = HAF_PROCESS.flatMap((phase) => layout.phase(phase));
  const flat = flatten(items);
  const keys = new Set(flat.flatMap((item) => (item.kind === "message" ? [item.from, item.to] : [item.over])));
  const parties = layout.parties.filter(({ key }) => keys.has(key) || key === "gandalf");
  const boxes = Object.fromEntries(
    HAF_PARTIES.flatMap((party) => {
      const title = HAF_PROCESS_PARTIES[party].box;
      return title === null ? [] : [[party, title]];
    }),
  );
  const diagram = toScriptDiagram({ title: "The set-up as it is meant", parties, items, boxes });
  const now = new Set(markedKeys(items, "now"));
  const later = new Set(markedKeys(items, "later"));
  const failed = new Set(markedKeys(items, "failed"));
  const labels = new Map(parties.map(({ key, label }) => [key, label]));
  const lines = flat.flatMap((item): readonly HafPlanLine[] => {
    if (item.kind === "note") return [];
    const { key, from, to, label } = item;
    const standing = failed.has(key) ? "failed" : now.has(key) ? "now" : later.has(key) ? "later" : "passed";
    const name = (of: string): string => labels.get(of) ?? of;
    return [{ key, phase: layout.phaseOf(key), from: name(from), to: name(to), what: label, standing }];
  });
  return { diagram, marks: { ...NO_MARKS, live: [...now] }, lines, folded, all: count };
}

interface Layout {
  readonly parties: readonly ScriptParty[];
  phase(plan: HafPhasePlan): readonly ScriptItem[];
  phaseOf(key: string): HafPhase;
}

const PLACES: ReadonlyMap<HafPhase, number> = new Map(HAF_PROCESS.map(({ id }, index) => [id, index]));
const placeOf = (phase: HafPhase): number => PLACES.get(phase) ?? 0;

function createLayout(fold: HafFold, sample: HafSample | null, lanes: readonly HafLane[]): Layout {
  const present: ReadonlySet<HafPhase> = new Set(fold.phases.length === 0 ? ["not_started"] : fold.phases);
  const furthest = Math.max(...[...present].map(placeOf));
  const asking = lanes.filter(({ indexed }) => indexed);
  const indexed = asking.length === 0 && present.has("index_building") ? lanes : asking;
  const phases = new Map<string, HafPhase>();

  const lanesFor = (step: HafStep): readonly HafLane[] => (step.onlyIndexed ? indexed : lanes);
  const pick = ({ party, which }: HafEnd, own: readonly HafLane[], index: number): HafLane | null => {
    if (HAF_PROCESS_PARTIES[party].count === "one") return null;
    const of = party === "mib" ? indexed : own;
    if (which === "first") return of[0] ?? null;
    if (which === "last") return of.at(-1) ?? null;
    return of[which === "next" ? index + 1 : index] ?? null;
  };
  const progressOf = (id: string, lane: HafLane | null): string | null => {
    if (id === "haf.replay") return present.has("replay") ? replayProgress(fold, sample) : null;
    const phase = LANE_PROGRESS[id];
    if (lane === null || lane.progress === "" || phase === undefined) return null;
    return lane.phases.includes(phase) ? lane.progress : null;
  };
  const messageOf = (phase: HafPhase, step: HafStep, index: number): ScriptMessage => {
    const own = lanesFor(step);
    const from = keyOf(step.from.party, pick(step.from, own, index));
    const to = keyOf(step.to.party, pick(step.to, own, index));
    const lane = step.each === "once" ? null : (own[index] ?? null);
    const key = `${step.id} ${lane?.key ?? "once"}`;
    phases.set(key, phase);
    const progress = step.loops === null ? null : progressOf(step.id, lane);
    const room = step.loops !== null && (step.id === "haf.replay" || LANE_PROGRESS[step.id] !== undefined);
    return {
      kind: "message",
      key,
      from,
      to,
      label: progress ?? step.what,
      arrow: step.arrow,
      effect: step.effect,
      ...(room ? { room: PROGRESS_ROOM } : {}),
    };
  };
  const withLoop = (step: HafStep, message: ScriptMessage): ScriptItem =>
    step.loops === null ? message : { kind: "block", block: "loop", title: step.loops, items: [message] };
  const noted = new Set<string>();
  const noteOn = (message: ScriptMessage, party: HafParty): readonly ScriptItem[] => {
    const { note } = HAF_PROCESS_PARTIES[party];
    if (note === null || noted.has(party) || message.effect !== "creates") return [];
    noted.add(party);
    return [{ kind: "note", key: `note ${party}`, over: message.to, label: note }];
  };
  const written = (phase: HafPhase, step: HafStep, index: number): readonly ScriptItem[] => {
    const message = messageOf(phase, step, index);
    return [withLoop(step, message), ...noteOn(message, step.to.party)];
  };
  /** One step after the other for each app in turn: what the process does one by one. */
  const inTurn = (phase: HafPhase, steps: readonly HafStep[]): readonly ScriptItem[] => {
    const once = steps.filter(({ each }) => each === "once");
    const repeated = steps.filter(({ each }) => each !== "once");
    const own = repeated[0] === undefined ? [] : lanesFor(repeated[0]);
    const turns = own.flatMap((_, index) =>
      repeated.flatMap((step) =>
        step.each === "app-but-last" && index === own.length - 1 ? [] : written(phase, step, index),
      ),
    );
    return [...once.flatMap((step) => written(phase, step, 0)), ...turns];
  };
  const standing = (phase: HafPhase): ScriptMark | null =>
    present.has(phase) ? "now" : placeOf(phase) > furthest ? "later" : null;
  const laneStanding = (phase: HafPhase, lane: HafLane): ScriptMark | null => {
    if (lane.phases.includes(phase)) return "now";
    if (present.has(phase) && !lanes.some(({ phases }) => phases.includes(phase))) return "now";
    return lane.phases.length === 0 || placeOf(phase) > Math.min(...lane.phases.map(placeOf)) ? "later" : null;
  };

  const phaseItems = (plan: HafPhasePlan): readonly ScriptItem[] => {
    const { id, steps, fragment } = plan;
    switch (fragment) {
      case "optional": {
        if (indexed.length === 0) return [];
        const loop: ScriptItem = { kind: "block", block: "loop", title: "for each of them", items: inTurn(id, steps) };
        return marked(standing(id), [
          { kind: "block", block: "opt", title: "if apps ask for custom indexes", items: [loop] },
        ]);
      }
      case "concurrent":
        return marked(standing(id), [
          {
            kind: "par",
            branches: steps.map((step) => ({
              title: HAF_PROCESS_PARTIES[step.to.party].title,
              items: written(id, step, 0),
            })),
          },
        ]);
      case "one-by-one":
        return marked(standing(id), [
          { kind: "block", block: "loop", title: "for each app, one after another", items: inTurn(id, steps) },
        ]);
      case "lanes":
        return laneItems(plan);
      default: {
        const usable = steps.filter(({ onlyIndexed }) => !onlyIndexed || indexed.length > 0);
        if (id === "not_started")
          return present.has(id)
            ? marked("now", [{ kind: "note", key: "note not_started", over: "gandalf", label: "nothing was seen yet" }])
            : [];
        return marked(
          standing(id),
          usable.flatMap((step) => written(id, step, 0)),
        );
      }
    }
  };
  const laneItems = ({ id, steps }: HafPhasePlan): readonly ScriptItem[] => {
    // Those of all apps come first: they start together.
    const together = id === "app_sync" ? steps.filter(({ loops }) => loops === null) : [];
    const apart = steps.filter((step) => !together.includes(step));
    const reached = lanes.some((lane) => laneStanding(id, lane) !== "later");
    const before = together.flatMap((step) =>
      step.each === "once" ? written(id, step, 0) : lanes.flatMap((_, index) => written(id, step, index)),
    );
    const branches = lanes.map((lane, index) => {
      const own = apart.flatMap((step) => written(id, step, index));
      const mark = laneStanding(id, lane);
      const suffers = lane.failing !== null && lane.phases.at(-1) === id;
      const red: readonly ScriptItem[] = suffers
        ? marked("failed", [
            {
              kind: "note",
              key: `failing ${lane.key}`,
              over: keyOf(LANE_PARTY[id] ?? "sync", lane),
              label: lane.failing ?? "",
            },
          ])
        : [];
      return { title: `lane ${index + 1}`, items: [...marked(mark, own), ...red] };
    });
    return [...marked(reached ? null : "later", before), { kind: "par", branches }];
  };

  const parties: ScriptParty[] = [];
  for (const party of HAF_PARTIES) {
    const { title, count, box } = HAF_PROCESS_PARTIES[party];
    const own = box === null ? {} : { box: party };
    if (count === "one") parties.push({ key: keyOf(party, null), label: title, ...own });
    else
      for (const lane of count === "indexed" ? indexed : lanes)
        parties.push({ key: keyOf(party, lane), label: cutLabel(`${title} ${lane.label}`), ...own });
  }
  return { parties, phase: phaseItems, phaseOf: (key) => phases.get(key) ?? "not_started" };
}

/** The step that carries the progress of a lane in its phase. */
const LANE_PROGRESS: Readonly<Record<string, HafPhase>> = {
  "sync.run": "app_sync",
  "detector.wait": "app_live_wait",
  "api.serve": "api_serving",
};
/** Who of a lane is there in its phase. */
const LANE_PARTY: Readonly<Partial<Record<HafPhase, HafParty>>> = {
  app_sync: "sync",
  app_live_wait: "detector",
  api_serving: "api",
};
const keyOf = (party: HafParty, lane: HafLane | null): string => (lane === null ? party : `${party} ${lane.key}`);
const marked = (mark: ScriptMark | null, items: readonly ScriptItem[]): readonly ScriptItem[] =>
  mark === null || items.length === 0 ? items : [{ kind: "mark", mark, items }];
