import { describe, expect, it } from "vitest";
import type { TreeEdge } from "./domain/sub-plan-tree.ts";
import { byTime } from "./domain/sub-plan-tree.ts";
import type { ChildPlan, DynflowStore } from "./ports.ts";
import { createHunt } from "./sub-plan-hunt.ts";

interface Sub {
  readonly failing?: boolean;
  readonly startedAt?: string | null;
  readonly action?: number;
}
/** `parent>child`, and what is special about the child. */
type Tree = Readonly<Record<string, Sub>>;

/** A store over a tree written down; actions n of each plan run in step 10 + n, flows in this order of steps. */
function storeOf(tree: Tree, flow: readonly number[] = []) {
  let statements = 0;
  const edges: readonly TreeEdge[] = Object.entries(tree).map(([way, sub]) => {
    const [parentId = "", id = ""] = way.split(">");
    return {
      parentId,
      id,
      callerActionId: sub.action ?? 1,
      state: "stopped",
      result: sub.failing === true ? "error" : "success",
      startedAt: sub.startedAt ?? null,
      failing: sub.failing === true,
      label: null,
      rootActionClass: null,
    };
  });
  const child = (edge: TreeEdge): ChildPlan => ({
    ...edge,
    endedAt: null,
    realTimeSec: null,
    executionTimeSec: null,
  });
  const links: Pick<DynflowStore["links"], "children" | "childEdges" | "actionSteps"> = {
    async children({ planId, limit }) {
      statements += 1;
      const rows = edges.filter(({ parentId, failing }) => parentId === planId && failing).toSorted(byTime);
      return { rows: rows.slice(0, limit).map(child), next: null };
    },
    async childEdges(parents, after, limit) {
      statements += 1;
      const key = ({ parentId, id }: Pick<TreeEdge, "parentId" | "id">) => `${parentId} ${id}`;
      const sorted = edges
        .filter(({ parentId }) => parents.includes(parentId))
        .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
      return sorted.filter((edge) => after === null || key(edge) > key(after)).slice(0, limit);
    },
    actionSteps: async (actions) => actions.map((action) => ({ ...action, stepId: action.actionId + 10 })),
  };
  const order = {
    ok: true as const,
    value: { kind: "sequence" as const, flows: flow.map((stepId) => ({ kind: "step" as const, stepId })) },
  };
  const planRow = async () => ({ runFlow: order, finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } } });
  return { store: { links, planRow } as unknown as DynflowStore, statements: () => statements };
}

async function hunted(tree: Tree, flow?: readonly number[]) {
  const { store } = storeOf(tree, flow);
  const hunt = createHunt("r");
  for (let step = 0; step < 1_000; step += 1)
    if (await hunt.step(store))
      return {
        path: hunt
          .path()
          .map(({ id }) => id)
          .join(""),
        walked: hunt.walked,
        again: hunt.again,
      };
  throw new Error("it does not end");
}

const f = (over: Sub = {}): Sub => ({ failing: true, ...over });

describe("the first failing leaf", () => {
  it.each<readonly [string, Tree, string]>([
    ["is nowhere when there are no sub-plans", {}, "r"],
    ["is nowhere when none failed", { "r>a": {}, "a>b": {} }, "r"],
    ["is a failing sub-plan", { "r>a": {}, "r>b": f() }, "rb"],
    ["is at the end of the failures, however deep", { "r>a": f(), "a>b": f(), "b>c": f(), "b>d": {} }, "rabc"],
    ["is below plans that stand well", { "r>a": {}, "a>b": {}, "b>c": f() }, "rabc"],
    ["goes on below a plan that stands well", { "r>a": f(), "a>b": {}, "b>c": f(), "c>d": {}, "d>e": f() }, "rabcde"],
    ["comes before a deeper one on a branch that stands well", { "r>a": {}, "a>b": f(), "r>c": f() }, "rc"],
    ["started first", { "r>a": f({ startedAt: "2" }), "r>b": f({ startedAt: "1" }), "r>c": f() }, "rb"],
    [
      "started first on the nearest level",
      { "r>a": {}, "a>x": f({ startedAt: "2" }), "a>y": f({ startedAt: "1" }) },
      "ray",
    ],
    ["ends where a circle closes", { "r>a": f(), "a>b": f(), "b>a": f(), "b>r": f() }, "rab"],
    ["is found beside a circle", { "r>a": {}, "a>r": {}, "a>b": {}, "b>a": {}, "b>c": f() }, "rabc"],
    ["is not the plan itself as its own sub-plan", { "r>r": f(), "r>a": f() }, "ra"],
  ])("%s", async (_what, tree, expected) => {
    expect((await hunted(tree)).path).toBe(expected);
  });

  it("follows the order of the flow before that of time", async () => {
    const tree = { "r>a": f({ startedAt: "1", action: 2 }), "r>b": f({ startedAt: "2", action: 1 }) };
    expect((await hunted(tree, [11, 12])).path).toBe("rb");
    expect((await hunted(tree, [12, 11])).path).toBe("ra");
  });

  it("counts what it met, and what it met again", async () => {
    const diamond = { "r>a": {}, "r>b": {}, "a>c": {}, "b>c": {}, "c>r": {} };
    expect(await hunted(diamond)).toEqual({ path: "r", walked: 3, again: 2 });
  });

  it("is reached by one statement a level where every level failed", async () => {
    const deep = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`${at === 0 ? "r" : `n${at}`}>n${at + 1}`, f()]),
    );
    const { store, statements } = storeOf(deep);
    const hunt = createHunt("r");
    while (!(await hunt.step(store)));
    expect(hunt.path()).toHaveLength(201);
    expect(statements()).toBeLessThanOrEqual(202);
  });
});
