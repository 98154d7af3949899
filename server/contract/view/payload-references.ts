/** References of a payload, and the payload with what they point to in their place. Pure. */
import { isMap, type PayloadToken, tokenOf } from "./payload-token.ts";
import { resolved } from "./payload-tree.ts";

export type Reference = Extract<PayloadToken, { kind: "reference" }>;

/** Each step that is pointed to, once, in order of appearance. */
export function referencesOf(value: unknown, max: number): readonly Reference[] {
  const found = new Map<string, Reference>();
  const visit = (part: unknown): void => {
    if (found.size >= max) return;
    const token = tokenOf(part);
    if (token?.kind === "reference" && token.stepId !== null) found.set(`${token.planId} ${token.stepId}`, token);
    if (token !== null) return;
    for (const inner of Array.isArray(part) ? part : isMap(part) ? Object.values(part) : []) visit(inner);
  };
  visit(value);
  return [...found.values()];
}

/** The output of a step by plan and step; `undefined` = it is not known. */
export type OutputOf = (reference: Reference) => unknown;

/** A reference whose value is not known stays one. */
export function withResolved(value: unknown, outputOf: OutputOf): unknown {
  const token = tokenOf(value);
  if (token?.kind === "reference") {
    const output = outputOf(token);
    const found = output === undefined ? undefined : resolved(output, token.subkeys);
    return found === undefined ? value : found;
  }
  if (token !== null) return value;
  if (Array.isArray(value)) return value.map((inner: unknown) => withResolved(inner, outputOf));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withResolved(inner, outputOf)]));
}
