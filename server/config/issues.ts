import type { z } from "zod";
import type { ConfigurationPath } from "./fault.ts";

/** A fault of the shape, before it has a line. */
export interface ShapeFault {
  readonly path: ConfigurationPath;
  readonly message: string;
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys",
  record: "a mapping of keys",
};

/** zod's issues in words; each unknown key is a fault of its own, at its own place. */
export function toShapeFaults(issues: readonly z.core.$ZodIssue[]): readonly ShapeFault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...path, key], message: "is not a key that is known here" }));
    }
    if (issue.code === "invalid_key") {
      return issue.issues.map((inner) => ({ path, message: inner.message }));
    }
    if (issue.code === "invalid_union") {
      const inner = meantBranch(issue.errors);
      if (inner !== null) return toShapeFaults(inner).map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
    }
    return [{ path, message: issue.message }];
  });
}

/** Of several shapes the one that was meant: the mapping, when something within it is at fault. */
function meantBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const isWithin = (one: z.core.$ZodIssue) => one.path.length > 0 || one.code === "unrecognized_keys";
  return branches.find((issues) => issues.length > 0 && issues.every(isWithin)) ?? null;
}

/** zod's own messages in our words; messages given in the schema win. */
export const inOurWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type": {
      const expected = WORDS[issue.expected] ?? issue.expected;
      return issue.input === undefined || issue.input === null
        ? `is missing: needs ${expected}`
        : `must be ${expected}`;
    }
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}`;
    case "too_small":
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string"
        ? `must be at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
};
