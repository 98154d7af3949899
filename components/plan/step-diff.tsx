"use client";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural, shortId } from "#components/ui/format.ts";
import { ClassName } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { type Href, routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import { diffPayloads, type PayloadDifference } from "#server/contract/view/payload-diff.ts";
import { tokenOf } from "#server/contract/view/payload-token.ts";
import type { ActionOutput, StepView } from "./types.ts";
import { useResolved } from "./use-resolved.ts";

interface StepRef {
  readonly planId: string;
  readonly stepId: number;
}

interface StepDiffProps {
  readonly source: string;
  readonly left: StepRef;
  readonly right: StepRef;
  /** Back to the two runs. */
  readonly back: Href;
}

const VALUE_MAX_CHARS = 2_000;

/** In what input and output of two steps differ. */
export function StepDiff({ source, left, right, back }: StepDiffProps) {
  const trpc = useTRPC();
  const { go } = useAddress();
  const one = useQuery(trpc.dynflow.plans.action.queryOptions({ source, ...left }));
  const other = useQuery(trpc.dynflow.plans.action.queryOptions({ source, ...right }));
  const steps = useQuery(trpc.dynflow.plans.steps.queryOptions({ source, planId: right.planId }));
  const [part, setPart] = useState<"input" | "output">("input");
  const [unified, setUnified] = useState(false);
  const [resolving, setResolving] = useState(false);
  const choose = (against: number) =>
    go(routes.plan(source, left.planId, { tab: "compare", run: right.planId, step: left.stepId, against }), {
      replace: true,
    });
  return (
    <>
      <div className="cmp-pick">
        <Link href={back}>All steps of both runs</Link>
        <label>
          <span className="fl">
            Against step of {left.planId === right.planId ? "this plan" : shortId(right.planId)}
          </span>
          <select className="field" value={right.stepId} onChange={(event) => choose(Number(event.target.value))}>
            {sameClassFirst(steps.data?.steps ?? [], one.data?.step.actionClass, right.stepId).map((step) => (
              <option key={step.id} value={step.id}>
                {`${step.id} ${step.phase} ${step.actionClass}`}
              </option>
            ))}
          </select>
        </label>
        <fieldset className="seg" aria-label="What is compared">
          {(["input", "output"] as const).map((each) => (
            <button key={each} type="button" aria-pressed={part === each} onClick={() => setPart(each)}>
              {each === "input" ? "Input" : "Output"}
            </button>
          ))}
        </fieldset>
        <fieldset className="seg" aria-label="How it is drawn">
          <button type="button" aria-pressed={!unified} onClick={() => setUnified(false)}>
            Side by side
          </button>
          <button type="button" aria-pressed={unified} onClick={() => setUnified(true)}>
            Unified
          </button>
        </fieldset>
        <Button small pressed={resolving} onPress={() => setResolving(!resolving)}>
          References resolved
        </Button>
      </div>
      <QueryWidget query={one} what={`step ${left.stepId}`} rows={4} columns={3}>
        {(ours) => (
          <QueryWidget query={other} what={`step ${right.stepId}`} rows={4} columns={3}>
            {(theirs) => <Differences {...{ source, left, right, ours, theirs, part, unified, resolving }} />}
          </QueryWidget>
        )}
      </QueryWidget>
    </>
  );
}

const title = ({ planId, stepId }: StepRef): string => `step ${stepId} of ${shortId(planId)}`;

function sameClassFirst(steps: readonly StepView[], actionClass: string | undefined, chosen: number) {
  const own = steps.filter((step) => step.actionClass === actionClass);
  const others = steps.filter((step) => step.actionClass !== actionClass);
  const all = [...own, ...others].slice(0, OPTIONS_MAX);
  const current = steps.find((step) => step.id === chosen);
  return current === undefined || all.includes(current) ? all : [current, ...all];
}
const OPTIONS_MAX = 500;

interface DifferencesProps extends Pick<StepDiffProps, "source" | "left" | "right"> {
  readonly ours: ActionOutput;
  readonly theirs: ActionOutput;
  readonly part: "input" | "output";
  readonly unified: boolean;
  readonly resolving: boolean;
}

function Differences({ source, left: one, right: other, ours, theirs, part, unified, resolving }: DifferencesProps) {
  const [left, right] = [ours[part], theirs[part]];
  const titles = [title(one), title(other)];
  const readable = !isMasked(left) && !isMasked(right) && "value" in left && "value" in right;
  const oneValue = useResolved(source, one.planId, readable ? (left.value ?? {}) : null, resolving);
  const otherValue = useResolved(source, other.planId, readable ? (right.value ?? {}) : null, resolving);
  const diff = useMemo(() => (readable ? diffPayloads(oneValue, otherValue) : null), [readable, oneValue, otherValue]);
  if (isMasked(left) || isMasked(right)) return <p className="unk">hidden from viewers</p>;
  if (diff === null) return <p className="t2">One of the two cannot be decoded: see it in Raw.</p>;
  const { differences, same, cut } = diff;
  return (
    <>
      <p className="small t2 pad-y">
        <ClassName name={ours.step.actionClass} />: {plural(differences.length, "difference")}
        {cut ? " and more" : ""}, {formatCount(same)} the same. What is masked is not compared.
      </p>
      {differences.length === 0 ? null : unified ? (
        <Unified differences={differences} />
      ) : (
        <table className="tight dif" aria-label={`Differences of the ${part}`}>
          <thead>
            <tr>
              <th scope="col">at</th>
              <th scope="col">{titles[0]}</th>
              <th scope="col">{titles[1]}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ path, left: one, right: other }) => (
              <tr key={path}>
                <td className="mono">
                  <bdi>{path || "all of it"}</bdi>
                </td>
                <Side value={one} />
                <Side value={other} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Side({ value }: { readonly value: unknown }) {
  return value === undefined ? (
    <td className="no">not there</td>
  ) : (
    <td className="mono">
      <bdi>{valueText(value)}</bdi>
    </td>
  );
}

function Unified({ differences }: { readonly differences: readonly PayloadDifference[] }) {
  return (
    <section className="dif-un mono" aria-label="Differences, unified">
      {differences.map(({ path, left, right }) => (
        <div key={path} className="dif-one">
          <div className="pth">
            <bdi>{path || "all of it"}</bdi>
          </div>
          {left !== undefined && <Signed sign="−" text={valueText(left)} />}
          {right !== undefined && <Signed sign="+" text={valueText(right)} />}
        </div>
      ))}
    </section>
  );
}

const Signed = ({ sign, text }: { readonly sign: string; readonly text: string }) => (
  <div className="row">
    <span className="sgn">{sign}</span>
    <bdi>{text}</bdi>
  </div>
);

function valueText(value: unknown): string {
  const token = tokenOf(value);
  if (token?.kind === "masked") return token.text === "" ? "•••• masked" : `${token.text} masked`;
  if (token !== null && token.kind !== "long") return token.text;
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
  return text.length <= VALUE_MAX_CHARS ? text : `${text.slice(0, VALUE_MAX_CHARS)}…`;
}
