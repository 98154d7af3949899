// @vitest-environment happy-dom
import fc from "fast-check";
import mermaid from "mermaid";
import { beforeAll, describe, expect, it } from "vitest";
import { HAF_PROCESS, hafAppPhases } from "#server/contract/diagram/haf-process.ts";
import { EMPTY_HAF, type HafAppFold, type HafFold } from "#server/contract/fold/haf.ts";
import {
  HAF_APP_STATES,
  HAF_PHASES,
  HAF_ROLE_STATES,
  HAF_ROLES,
  type HafAppState,
  type HafLifecycleFact,
  type HafPhase,
  hafRoleKey,
} from "#server/contract/haf.ts";
import { phasesOf } from "#server/haf/domain/phases.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Diagram } from "./diagram.ts";
import { hafActualDrawing } from "./haf-actual-diagram.ts";
import { hafPlanDrawing } from "./haf-plan-diagram.ts";
import { type ReadStep, readSteps } from "./haf-steps.test-kit.ts";
import { ACTUAL_FACTS_MAX } from "./haf-told.ts";
import { MARK_GROUNDS } from "./sequence-diagram.ts";

let steps: readonly ReadStep[] = [];

beforeAll(async () => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict", htmlLabels: false });
  steps = await readSteps();
});

const STEP_NUMBERS = Array.from({ length: 24 }, (_, index) => index + 1);
const stepAt = (step: number): ReadStep => {
  const found = steps[step - 1];
  if (found === undefined) throw new Error(`there is no step ${step}`);
  return found;
};

/** The words of the blocks of a source; everything else in it is an id, a placeholder or a mark of mermaid. */
const FIXED = new Set(
  [
    ...["sequenceDiagram", "participant", "as", "create", "destroy", "Note", "over", "rect", "rgb", "end", "box"],
    ...["transparent", "opt", "loop", "par", "and", "if", "apps", "ask", "for", "custom", "indexes", "each", "of"],
    ...["them", "app", "one", "after", "another", "until", "its", "are", "built", "LIVE", "live", "is", "ever"],
    ...[
      "lane",
      "HAF",
      "trigger",
      "Custom",
      "Setup",
      "databases",
      "Sync",
      "data",
      "Detectors",
      "sync",
      "API",
      "servers",
    ],
    "x",
  ].map((word) => word),
);
function expectOwnWordsOnly({ source }: Diagram): void {
  for (const word of source.match(/[A-Za-z][A-Za-z0-9]*/g) ?? [])
    if (!/^(n\d+|x+)$/.test(word) && !/^xn?\d*$/.test(word)) expect(FIXED).toContain(word);
}

/** What mermaid itself refuses, and what it takes in silence: nobody is created twice, nobody speaks when gone. */
function expectSound({ source }: Diagram): void {
  const lines = source.split("\n").map((line) => line.trim());
  const created = new Set<string>();
  const ended = new Set<string>();
  const known = new Set<string>();
  const body = lines.slice(0, lines.findIndex((line) => line.startsWith("box")) >>> 0);
  for (const [index, line] of body.entries()) {
    const [, verb, id = ""] = /^(create participant|participant|destroy) (n\d+)/.exec(line) ?? [];
    const next = /^(n\d+)(?:-->>|->>|--x|-x)(n\d+):/.exec(body[index + 1] ?? "");
    if (verb === "create participant") {
      expect(created.has(id) || known.has(id)).toBe(false);
      created.add(id);
      known.add(id);
      expect(next?.[2]).toBe(id);
    }
    if (verb === "participant") known.add(id);
    if (verb === "destroy") {
      expect(ended.has(id)).toBe(false);
      expect([next?.[1], next?.[2]]).toContain(id);
    }
    const [, from = "", to = ""] = /^(n\d+)(?:-->>|->>|--x|-x)(n\d+):/.exec(line) ?? [];
    const [, over = ""] = /^Note over (n\d+):/.exec(line) ?? [];
    for (const party of [from, to, over].filter((each) => each !== "")) {
      expect(known.has(party)).toBe(true);
      expect(ended.has(party)).toBe(false);
    }
    const before = /^destroy (n\d+)/.exec(body[index - 1] ?? "")?.[1];
    if (before !== undefined) ended.add(before);
  }
}

async function expectDrawable(diagram: Diagram): Promise<void> {
  await expect(mermaid.parse(diagram.source)).resolves.toBeTruthy();
  await expect(mermaid.parse(diagram.text)).resolves.toBeTruthy();
  expectOwnWordsOnly(diagram);
  expectSound(diagram);
}

const labelsOf = ({ nodes }: Diagram): readonly string[] => nodes.map(({ label }) => label).sort();
const count = (text: string, part: string): number => text.split(part).length - 1;

/** Who is to be in the plan, told without the generator: from the apps alone. */
function plannedParties(apps: readonly string[], indexed: readonly string[]): readonly string[] {
  const named = apps.length === 0 ? ["each app"] : apps;
  const own = named.flatMap((app) => [`setup ${app}`, `sync ${app}`, `detector ${app}`, `API ${app}`]);
  const builders = indexed.map((app) => `index builder ${app}`);
  return ["orchestrator", "HAF", "live trigger", ...own, ...builders].sort();
}

describe.each(STEP_NUMBERS)("step %i of the recording", (number) => {
  const file = String(number).padStart(2, "0");

  it("has its plan drawn as written down, with its phases marked and nothing else", async () => {
    const { fold, sample } = stepAt(number);
    const { diagram, lines } = hafPlanDrawing({ fold, sample, all: false });
    await expect(diagram.text).toMatchFileSnapshot(`__golden__/haf/plan-${file}.words.mmd`);
    await expectDrawable(diagram);
    const apps = Object.entries(fold.apps).flatMap(([name, { state }]) => (state === "removed" ? [] : [name]));
    // Only app1 ever registers an index, at step 10.
    expect(labelsOf(diagram)).toEqual(plannedParties(apps, number >= 10 ? ["app1"] : []));
    const now = new Set(lines.filter(({ standing }) => standing === "now").map(({ phase }) => phase));
    expect([...now].sort()).toEqual([...fold.phases].sort());
    const reached = Math.max(...fold.phases.map((phase) => HAF_PHASES.indexOf(phase)));
    for (const { phase, standing } of lines) if (HAF_PHASES.indexOf(phase) > reached) expect(standing).toBe("later");
  });

  it("has drawn what was observed, each life once, and one marked stretch", async () => {
    const { fold, sample } = stepAt(number);
    const { diagram } = hafActualDrawing({ fold, sample, all: false });
    await expect(diagram.text).toMatchFileSnapshot(`__golden__/haf/actual-${file}.words.mmd`);
    await expectDrawable(diagram);
    const seen = Object.values(fold.roles).filter(({ state }) => state !== "planned");
    expect(diagram.nodes).toHaveLength(1 + seen.length);
    expect(new Set(diagram.nodes.slice(1).map(({ key }) => key))).toEqual(
      new Set(seen.map((life) => `${hafRoleKey(life)}#1`)),
    );
    expect(count(diagram.source, `rect ${MARK_GROUNDS.now}`)).toBe(1);
  });
});

describe("the incident of the recording", () => {
  it("is in what was observed: the fork, the silence's end, the removal, and what was not as planned", () => {
    const { fold, sample } = stepAt(24);
    const { lines, marks } = hafActualDrawing({ fold, sample, all: false });
    const said = lines.map(({ what }) => what).join("\n");
    expect(said).toMatch(/fork 2/);
    expect(said).toMatch(/is detached/);
    expect(lines.filter(({ deviation }) => deviation?.includes("before HAF was live")).length).toBe(3);
    expect(marks.dashed?.length).toBe(Object.values(fold.roles).filter(({ state }) => state !== "planned").length);
  });

  it("tells an attachment that was taken back at once in one line, and what is said again and again as well", () => {
    const row = (to: string, at: number): HafLifecycleFact => ({
      ...{ at: at as EpochMs, kind: "log", ref: { role: "sync", app: "a", generation: 1 }, to },
      ...{ cause: null, inferred: false, note: null },
    });
    const facts = [
      ...[row("ATTACHED", 1), row("STATE_CHANGED", 1), row("DETACHED", 1)],
      ...[row("SLOW_PROCESSING", 2), row("SLOW_PROCESSING", 3), row("ATTACHED", 4), row("DETACHED", 5)],
    ];
    const { lines } = hafActualDrawing({ fold: { ...EMPTY_HAF, facts }, sample: null, all: false });
    expect(lines.map(({ what }) => what)).toEqual([
      ...["a: stage changed", "a: attached, then detached", "a: slow ×2", "a: attached", "a: detached"],
    ]);
  });
});

const app = (over: Partial<HafAppFold> = {}): HafAppFold => ({
  ...{ contextId: 1, state: "massive", stage: "MASSIVE", attached: true, inSync: false, block: 5, forkId: "1" },
  ...{ forking: true, owner: null, stateSince: 0 as EpochMs, movedAt: 0 as EpochMs, life: 1 },
  ...over,
});
const stackOf = (count: number, over: Partial<HafFold> = {}): HafFold => ({
  ...EMPTY_HAF,
  phases: ["app_sync"],
  syncState: "LIVE",
  apps: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`app${index + 1}`, app({ contextId: index + 1 })]),
  ),
  ...over,
});

describe("many apps", () => {
  it("are folded above six: first, second, those that failed or moved last, and the rest in one lane", () => {
    const fold = stackOf(12);
    const apps = {
      ...fold.apps,
      app9: app({ contextId: 9, state: "detached" }),
      app12: app({ contextId: 12, movedAt: 9 as EpochMs }),
    };
    const { diagram, folded, all } = hafPlanDrawing({ fold: { ...fold, apps }, sample: null, all: false });
    expect([folded, all]).toEqual([7, 12]);
    const lanes = labelsOf(diagram).flatMap((label) => (label.startsWith("sync ") ? [label.slice(5)] : []));
    expect(lanes).toEqual(expect.arrayContaining(["app1", "app2", "app9", "app12", "+7 apps"]));
    expect(lanes).toHaveLength(6);
  });

  it("are all drawn when that is asked for, and up to six anyway", () => {
    for (const [number, all] of [
      [6, false],
      [12, true],
    ] as const) {
      const { diagram, folded } = hafPlanDrawing({ fold: stackOf(number), sample: null, all });
      expect(folded).toBe(0);
      expect(labelsOf(diagram).filter((label) => label.startsWith("sync "))).toHaveLength(number);
    }
  });

  it("keep their source while only numbers move", () => {
    const at = (block: number) =>
      hafPlanDrawing({
        fold: { ...stackOf(3), progress: { block: 100, head: 100, apps: { app1: block } } },
        sample: null,
        all: false,
      }).diagram;
    expect(at(12).source).toBe(at(99).source);
    expect(at(12).edges).not.toEqual(at(99).edges);
  });
});

describe("the process as it is meant", () => {
  it("puts apps into the phases by which the stack is judged", () => {
    for (const state of HAF_APP_STATES)
      for (const stage of [null, "live", "MASSIVE"]) {
        const judged = phasesOf({
          ...{ syncState: "LIVE", ready: true, apps: [{ state, stage }] },
          ...{ appIndexesPending: 0, buildersAlive: false, setupAlive: false },
        });
        const lanes = (judged?.phases ?? []).filter((phase) => LANES.includes(phase));
        expect(hafAppPhases(state, stage)).toEqual(lanes);
      }
  });

  it("names every phase once, and everybody it creates", () => {
    expect(HAF_PROCESS.map(({ id }) => id)).toEqual(HAF_PHASES);
    const created = new Set(
      HAF_PROCESS.flatMap(({ steps: all }) =>
        all.flatMap(({ effect, to }) => (effect === "creates" ? [to.party] : [])),
      ),
    );
    expect([...created].sort()).toEqual([...HAF_ROLES].sort());
    const lasting = HAF_PROCESS.flatMap(({ steps: all }) =>
      all.flatMap(({ effect, to }) => (effect === "ends" ? [to.party] : [])),
    );
    for (const party of ["haf", "sync", "api"]) expect(lasting).not.toContain(party);
  });
});
const LANES: readonly HafPhase[] = ["app_sync", "app_live_wait", "api_serving"];

const HOSTILE = [
  "end",
  'x"]; click n0 call a()',
  "<img src=x onerror=alert(1)>",
  "%%{init: {}}%%",
  "a;b",
  "n0->>n1: y",
  "participant n9",
  "\u202eabc",
  "#35;",
  "a\nrect rgb(1,2,3)",
  "__proto__",
  "constructor",
  "x".repeat(200),
  " ",
];
const name = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }));
const factsOf = (names: readonly string[]) => {
  const some = fc.constantFrom(...names);
  const ref = fc.oneof(
    fc.record({
      role: fc.constantFrom(...HAF_ROLES.filter((role) => role !== "haf" && role !== "live_trigger")),
      app: some,
      generation: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({
      role: fc.constantFrom("haf" as const, "live_trigger" as const),
      app: fc.constant(null),
      generation: fc.integer({ min: 1, max: 3 }),
    }),
  );
  const at = fc.integer({ min: 0, max: 50 }).map((number) => number as EpochMs);
  const rest = { inferred: fc.boolean(), note: fc.option(name), cause: fc.option(ref), at };
  return fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("role" as const), ref, to: fc.constantFrom(...HAF_ROLE_STATES), ...rest }),
      fc.record({
        kind: fc.constant("phase" as const),
        ref: fc.constant(null),
        to: fc.constantFrom(...HAF_PHASES),
        ...rest,
      }),
      fc.record({
        kind: fc.constant("log" as const),
        ref,
        to: fc.constantFrom("CREATED", "ATTACHED", "DETACHED", "NEW"),
        ...rest,
      }),
      fc.record({
        kind: fc.constant("note" as const),
        ref: fc.option(ref),
        to: fc.constantFrom("live", "detached", "fork"),
        ...rest,
      }),
    ),
    { maxLength: 60 },
  );
};
const anyStack = fc.uniqueArray(name, { minLength: 1, maxLength: 9 }).chain((names) =>
  fc.record({
    apps: fc.tuple(
      ...names.map((each, index) =>
        fc
          .constantFrom(...HAF_APP_STATES)
          .map((state: HafAppState) => [each, app({ state, contextId: index })] as const),
      ),
    ),
    phases: fc.subarray([...HAF_PHASES]),
    facts: factsOf(names),
    all: fc.boolean(),
  }),
);

describe("any stack", () => {
  it("is drawn both ways, whatever its apps are called and however often it began anew", async () => {
    await fc.assert(
      fc.asyncProperty(anyStack, async ({ apps, phases, facts, all }) => {
        const fold: HafFold = { ...EMPTY_HAF, apps: Object.fromEntries(apps), phases, facts };
        const plan = hafPlanDrawing({ fold, sample: null, all });
        await expectDrawable(plan.diagram);
        const now = new Set(plan.lines.filter(({ standing }) => standing === "now").map(({ phase }) => phase));
        for (const phase of now) expect(phases).toContain(phase);
        expect(plan.diagram.source).toContain(`rect ${MARK_GROUNDS.now}`);
        const actual = hafActualDrawing({ fold, sample: null, all });
        await expectDrawable(actual.diagram);
        expect(count(actual.diagram.source, `rect ${MARK_GROUNDS.now}`)).toBe(1);
        if (all) expect(actual.diagram.nodes).toHaveLength(1 + livesOf(facts));
      }),
      { numRuns: 60 },
    );
  }, 180_000);

  it("loses its oldest lines first, and never a life that goes on", () => {
    const begin = (generation: number, to: "alive" | "destroyed", at: number): HafLifecycleFact => ({
      ...{ at: at as EpochMs, kind: "role", ref: { role: "sync", app: "a", generation }, to },
      ...{ cause: null, inferred: false, note: null },
    });
    const facts = [
      { ...begin(1, "alive", 0), ref: { role: "haf", app: null, generation: 1 } as const },
      ...Array.from({ length: 200 }, (_, index) => [
        begin(index + 1, "alive", index),
        begin(index + 1, "destroyed", index),
      ]).flat(),
      begin(201, "alive", 300),
    ];
    const { diagram, cut } = hafActualDrawing({ fold: { ...EMPTY_HAF, facts }, sample: null, all: true });
    expect(cut).toBe(facts.length - ACTUAL_FACTS_MAX);
    const labels = labelsOf(diagram);
    expect(labels).toContain("HAF");
    expect(labels).toContain("sync a (201)");
    expectSound(diagram);
  });
});

/** Counted another way than it is drawn: a life begins at any word of a role that has no life going on. */
function livesOf(facts: readonly HafLifecycleFact[]): number {
  const alive = new Set<string>();
  let lives = 0;
  for (const { kind, ref, to } of facts.toSorted((a, b) => a.at - b.at)) {
    if (kind !== "role" || ref === null || to === "planned") continue;
    const key = hafRoleKey(ref);
    if (!alive.has(key)) lives += 1;
    if (["done", "failed", "destroyed"].includes(to)) alive.delete(key);
    else alive.add(key);
  }
  return lives;
}
