/**
 * A flow as a flat list of numbers, for the wire: no nesting that a parser could choke on, and a tenth of the bytes of a
 * tree of objects. Steps are their ids in order; brackets open and close what is composed. All passes are iterative, so
 * neither depth nor width is bounded by a stack.
 */
import type { FlowTree } from "./plan-flow.ts";

/** Ids are never negative in a database that Dynflow wrote. */
export const FLOW_TOKENS = { sequence: -1, concurrence: -2, close: -3 } as const;

interface Open {
  readonly parts: readonly FlowTree[];
  next: number;
}

/** @returns the tokens of the flow; steps with negative ids, which no Dynflow writes, are left out */
export function flowTokens(flow: FlowTree): number[] {
  const tokens: number[] = [];
  const stack: Open[] = [];
  const enter = (part: FlowTree): void => {
    if (part.kind === "step") {
      if (part.stepId >= 0) tokens.push(part.stepId);
      return;
    }
    tokens.push(FLOW_TOKENS[part.kind]);
    stack.push({ parts: part.flows, next: 0 });
  };
  enter(flow);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const part = top.parts[top.next];
    top.next += 1;
    if (part !== undefined) enter(part);
    else {
      tokens.push(FLOW_TOKENS.close);
      stack.pop();
    }
  }
  return tokens;
}

interface Building {
  readonly kind: "sequence" | "concurrence";
  readonly flows: FlowTree[];
}

/** The tree of these tokens; what was not closed is closed at the end, what is closed too often is ignored. */
export function flowOfTokens(tokens: readonly number[]): FlowTree {
  const top: Building = { kind: "sequence", flows: [] };
  const stack: Building[] = [top];
  for (const token of tokens) {
    const open = stack.at(-1) ?? top;
    if (token >= 0) open.flows.push({ kind: "step", stepId: token });
    else if (token === FLOW_TOKENS.close) {
      if (stack.length > 1) stack.pop();
    } else {
      const inner: Building = { kind: token === FLOW_TOKENS.sequence ? "sequence" : "concurrence", flows: [] };
      open.flows.push(inner);
      stack.push(inner);
    }
  }
  const [only] = top.flows;
  return only !== undefined && top.flows.length === 1 ? only : top;
}
