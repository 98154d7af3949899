/** The parameters that a second person agrees to, in words: what a screen tells, and what a refusal names. Pure. */
import type { JsonValue } from "#server/kernel/json.ts";
import { type ApprovalTerms, canonicalTerms } from "./approval-terms.ts";
import { canonicalJson } from "./canonical.ts";

/** One parameter in words. */
export interface TermLine {
  readonly what: string;
  readonly value: string;
}

/** The BEAM name of an incarnation; `null` = not known. */
export type NodeNameOf = (incarnation: string) => string | null;

const FINGERPRINT_CHARS = 16;

/** Every parameter in words, for whoever is to agree to them; one that has no words yet is told as it is on the wire. */
export function termLines(terms: ApprovalTerms, nodeOf: NodeNameOf = () => null): readonly TermLine[] {
  return Object.entries(terms).flatMap(([name, value]) => WORDS[name]?.(value, nodeOf) ?? [asIs(name, value)]);
}

const asIs = (what: string, value: JsonValue): TermLine => ({ what, value: textOf(value) });
const textOf = (value: JsonValue): string => (typeof value === "string" ? value : canonicalJson(value));
const line =
  (what: string, none = "none") =>
  (value: JsonValue): readonly TermLine[] => [{ what, value: value === null ? none : textOf(value) }];

type Words = (value: JsonValue, nodeOf: NodeNameOf) => readonly TermLine[];

const WORDS: Readonly<Record<string, Words>> = {
  targets: heirs,
  expectedState: line("Its state"),
  expectedNode: line("Its name"),
  expectedKeys: line("Keys it holds, as counted"),
  partition: (value) => [{ what: "Where", value: value === null ? "every partition" : `partition ${textOf(value)}` }],
  type: (value) => [{ what: "Which type", value: typeText(value) }],
  expectedTotal: line("Actors listed"),
  list: (value) => [{ what: "Fingerprint of the list", value: textOf(value).slice(0, FINGERPRINT_CHARS) }],
  force: (value) => [
    {
      what: "How",
      value:
        value === true ? "by force: what is buffered and queued is lost" : "safely: one that is busy is left alone",
    },
  ],
  how: (value) => [
    {
      what: "How",
      value: value === "force" ? "ended at once, without shutting anything down" : "asked to shut down in order",
    },
  ],
  step: () => [],
  expectedRunning: line("Actors running on it, at most", "not known"),
  expectedPlans: line("Plans it holds"),
};

function typeText(value: JsonValue): string {
  if (typeof value !== "object" || value === null || !("namespace" in value) || !("moduleId" in value))
    return value === null ? "every type" : textOf(value);
  return `${textOf(value.namespace ?? null)} / ${textOf(value.moduleId ?? null)}`;
}

function heirs(value: JsonValue, nodeOf: NodeNameOf): readonly TermLine[] {
  if (!Array.isArray(value)) return [{ what: "Its keys", value: "released: the next message to a key claims it" }];
  return [
    { what: "Its keys", value: `given to ${value.length} chosen node${value.length === 1 ? "" : "s"}` },
    ...value.map((heir: JsonValue): TermLine => {
      if (typeof heir !== "object" || heir === null || !("incarnation" in heir)) return asIs("Given to", heir);
      const id = textOf(heir.incarnation ?? null);
      const node = nodeOf(id);
      return {
        what: `Given to ${node === null ? id : `${node} (${id})`}`,
        value: `weight ${textOf(heir.weight ?? null)}`,
      };
    }),
  ];
}

/** What differs between what was agreed to and what is asked for now, in words; empty = nothing. */
export function termsMoved(
  agreed: ApprovalTerms,
  now: ApprovalTerms,
  nodeOf: NodeNameOf = () => null,
): readonly string[] {
  if (canonicalTerms(agreed) === canonicalTerms(now)) return [];
  const before = new Map(termLines(agreed, nodeOf).map(({ what, value }) => [what, value]));
  const after = new Map(termLines(now, nodeOf).map(({ what, value }) => [what, value]));
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(
    (what) => before.get(what) !== after.get(what),
  );
  const told = names.map(
    (what) => `${what}: agreed to “${before.get(what) ?? "not"}”, now “${after.get(what) ?? "not"}”`,
  );
  // Words may leave out what the wire tells apart.
  return told.length === 0 ? ["It is not word for word what was agreed to"] : told;
}
