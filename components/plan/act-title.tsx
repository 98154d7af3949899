import { shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { headName, shortClass } from "./step-words.ts";
import type { PlanOutput } from "./types.ts";

/** `Halt Katello::Sync 7be1…1b80`: what a dialog is about. */
export function ActTitle({ verb, plan }: { readonly verb: string; readonly plan: PlanOutput }) {
  return (
    <>
      {verb} <bdi>{headName(shortClass(plan.label ?? plan.rootActionClass ?? "plan"))}</bdi>{" "}
      <span className="mono">{shortId(plan.id)}</span>
    </>
  );
}

/** Where the plan is and how it stands. */
export function ActSub({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  return (
    <span className="row">
      {source} <State system="plan" word={plan.state} /> <State system="result" word={plan.result} />
    </span>
  );
}

/** Why it cannot be done, each reason a line; nothing when it can. */
export function Refusals({ reasons }: { readonly reasons: readonly string[] }) {
  return reasons.map((text) => (
    <p key={text} className="warn small t2 wrap">
      {sentence(text)}
    </p>
  ));
}

export const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
