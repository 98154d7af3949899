// @vitest-environment happy-dom
import fc from "fast-check";
import mermaid from "mermaid";
import { beforeAll, describe, expect, it } from "vitest";
import { MACHINES } from "#server/contract/diagram/machines.ts";
import { PLAN_LIFECYCLE } from "#server/contract/diagram/plan-lifecycle.ts";
import { ACTOR_DIAGRAM, ACTOR_OVERVIEW_DIAGRAM } from "./actor-diagram.ts";
import { cutLabel, DIAGRAM_NODES_MAX, type Diagram, escapeMermaid, LABEL_MAX, placeholder } from "./diagram.ts";
import { INCARNATION_DIAGRAM, incarnationMarks } from "./incarnation-diagram.ts";
import { machineDiagram } from "./machine-diagram.ts";
import theme from "./mermaid-theme.json" with { type: "json" };
import { PLAN_DIAGRAM, planMarks } from "./plan-diagram.ts";
import { REQUEST_DIAGRAM, requestMarks } from "./request-diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";
import { STEP_DIAGRAMS } from "./step-diagram.ts";
import { worldDiagram } from "./world-diagram.ts";

/** Under a name of their own. */
const DRAWN_ABOVE: ReadonlySet<string> = new Set([
  "plan",
  "incarnation",
  "actor",
  "actor-full",
  "step-plan",
  "step-run",
  "step-finalize",
]);

const DIAGRAMS: readonly (readonly [string, Diagram])[] = [
  ["plan", PLAN_DIAGRAM],
  ["incarnation", INCARNATION_DIAGRAM],
  ["request", REQUEST_DIAGRAM],
  ["actor-overview", ACTOR_OVERVIEW_DIAGRAM],
  ["actor", ACTOR_DIAGRAM],
  ["step-plan", STEP_DIAGRAMS.plan],
  ["step-run", STEP_DIAGRAMS.run],
  ["step-finalize", STEP_DIAGRAMS.finalize],
  ["world-executor", worldDiagram({ executor: true, queues: ["default", "slow"], startsDelayed: true })],
  ...MACHINES.filter(({ kind }) => !DRAWN_ABOVE.has(kind)).map((machine): [string, Diagram] => [
    `machine-${machine.kind}`,
    machineDiagram(machine),
  ]),
  ["world-client", worldDiagram({ executor: false, queues: [], startsDelayed: false })],
];

beforeAll(() => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict", htmlLabels: false });
});

describe.each(DIAGRAMS)("the diagram %s", (name, diagram) => {
  it("is drawn as written down", async () => {
    await expect(diagram.source).toMatchFileSnapshot(`__golden__/${name}.mmd`);
    await expect(diagram.text).toMatchFileSnapshot(`__golden__/${name}.words.mmd`);
  });

  it("is read by mermaid, drawn and pasted alike", async () => {
    await expect(mermaid.parse(diagram.source)).resolves.toMatchObject({ config: {} });
    await expect(mermaid.parse(diagram.text)).resolves.toMatchObject({ config: {} });
  });

  it("holds no word but ours, and stays within the bound", () => {
    const words = diagram.source.match(/[A-Za-z]+\d*/g) ?? [];
    for (const word of words)
      expect(word).toMatch(/^(stateDiagram|v2|flowchart|direction|LR|TB|state|as|n\d+|e\d+|x+)$/);
    expect(diagram.nodes.length).toBeLessThanOrEqual(DIAGRAM_NODES_MAX);
    expect(new Set(diagram.nodes.map(({ id }) => id)).size).toBe(diagram.nodes.length);
    expect(new Set(diagram.edges.map(({ key }) => key)).size).toBe(diagram.edges.length);
  });
});

describe("planMarks", () => {
  const keys = new Set(PLAN_LIFECYCLE.map(({ from, to }) => `${from} ${to}`));

  it("marks a plan that was resumed once and is paused again on all the ways it went", () => {
    const history = ["start execution", "pause execution", "start execution", "pause execution"];
    expect(planMarks("paused", history)).toEqual({
      now: ["paused"],
      passed: ["pending", "planning", "planned", "running"],
      live: ["pending planning", "planning planned", "planned running", "running paused", "paused running"],
      notes: {},
    });
  });

  it("marks a scheduled plan that was given up without ever being planned", () => {
    expect(planMarks("stopped", ["delay", "Delayed task cancelled"]).live).toEqual([
      "pending scheduled",
      "scheduled stopped",
    ]);
  });

  it("marks only arrows that exist, whatever the history says", () => {
    const names = fc.constantFrom(
      "start execution",
      "pause execution",
      "finish execution",
      "delay",
      "timeout",
      "other",
    );
    const states = fc.constantFrom(
      "pending",
      "scheduled",
      "planning",
      "planned",
      "running",
      "paused",
      "stopped",
      "new",
    );
    fc.assert(
      fc.property(states, fc.array(names, { maxLength: 8 }), (state, history) => {
        const marks = planMarks(state, history);
        for (const key of marks.live) expect(keys.has(key)).toBe(true);
        expect(marks.now).toEqual(state === "new" ? [] : [state]);
      }),
    );
  });
});

describe("marks of the others", () => {
  it("marks the present state of an incarnation", () => {
    expect(incarnationMarks("late").now).toEqual(["late"]);
  });

  it("marks the way of a request, ends it at its last node and puts its numbers on the edges", () => {
    const marks = requestMarks({
      nodes: ["request", "cache", "row"],
      edges: [
        { id: "lookup", note: null },
        { id: "cache_miss", note: "x".repeat(60) },
      ],
    });
    expect(marks).toEqual({
      now: ["row"],
      passed: ["request", "cache"],
      live: ["lookup", "cache_miss"],
      notes: { cache_miss: `${"x".repeat(LABEL_MAX - 1)}…` },
    });
  });
});

/** A state diagram of two states, with nothing in it but ids and placeholders. */
const DRAWN =
  /^stateDiagram-v2\n {2}direction LR\n {2}state "x+" as n0\n {2}state "x+" as n1\n {2}\[\*\] --> n0\n {2}n0 --> n1 : x+\n$/;

describe("hostile words", () => {
  const HOSTILE = [
    '"',
    "`",
    "---",
    "%%{init: {}}%%",
    ";",
    "end",
    "]",
    "|",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\u202eabc",
    "a\nb",
    "click n0 call x()",
    "classDef",
    ":::",
    "#35;",
    "\\",
  ];

  it("never reach what is drawn, and mermaid reads what is pasted", async () => {
    for (const word of HOSTILE) {
      const diagram = toStateDiagram({
        title: "hostile",
        states: [word, "other"],
        transitions: [{ from: word, to: "other", label: word }],
        first: [word],
        last: [],
      });
      expect(diagram.source).toMatch(DRAWN);
      await expect(mermaid.parse(diagram.source)).resolves.toBeTruthy();
      await expect(mermaid.parse(diagram.text)).resolves.toBeTruthy();
    }
  });

  it("are as long as their placeholder, and cut to the room of a label", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (text) => {
        const label = cutLabel(text);
        expect([...label].length).toBeLessThanOrEqual(LABEL_MAX);
        expect(placeholder(label)).toMatch(/^x+$/);
        expect(placeholder(label).length).toBe(Math.max(1, [...label].length));
        expect(escapeMermaid(text)).toMatch(/^[A-Za-z0-9 .,?'#;]*$/);
      }),
    );
  });
});

describe("the theme", () => {
  it("names what would change with a release of mermaid, and never lets a label be HTML", () => {
    expect(theme.common).toMatchObject({ layout: "dagre", securityLevel: "strict", htmlLabels: false, theme: "base" });
    expect(theme.themeCSS).not.toMatch(/url\(|@import/);
  });
});
