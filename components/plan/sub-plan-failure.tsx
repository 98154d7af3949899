"use client";
import { useRef, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { formatCount, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import type { FirstSubPlanFailure, SubPlanWalk } from "#server/contract/wire/dynflow-sub-plans.ts";

/** Calls of one press: each takes about a second; then it is asked whether to go on. */
const CALLS_PER_PRESS = 5;

type Until = "failure" | "end";
interface Walked {
  readonly until: Until;
  /** What was looked for; empty = nothing but how many there are. */
  readonly find: string;
  readonly walk: SubPlanWalk | null;
  readonly error: unknown;
}

interface SubPlanFailureProps {
  readonly source: string;
  readonly planId: string;
  /** What was found may be otherwise a moment later. */
  readonly moving: boolean;
}

/** Walks down to the first failing leaf, or through everything below, and shows what it found. */
export function SubPlanFailure({ source, planId, moving }: SubPlanFailureProps) {
  const client = useTRPCClient();
  const [walked, setWalked] = useState<Walked | null>(null);
  const [walking, setWalking] = useState<Until | null>(null);
  const [text, setText] = useState("");
  const latest = useRef(0);

  const walk = async (until: Until, from: SubPlanWalk | null, find = "") => {
    latest.current += 1;
    const mine = latest.current;
    const isMine = () => latest.current === mine;
    setWalking(until);
    let token = from?.token ?? null;
    try {
      for (let call = 0; call < CALLS_PER_PRESS; call += 1) {
        const answer = await client.dynflow.plans.subPlanWalk.query({ source, planId, until, find, token });
        if (!isMine()) return;
        setWalked({ until, find, walk: answer, error: null });
        token = answer.token;
        if (token === null) break;
      }
    } catch (error) {
      if (isMine()) setWalked({ until, find, walk: null, error });
    }
    if (isMine()) setWalking(null);
  };
  useKeys([{ keys: "N", does: "go to the first failure below", run: () => void walk("failure", null) }], {
    group: "Sub-plans",
  });
  const goOn = walked?.walk?.token != null && walking === null ? walked.walk : null;
  return (
    <section className="sub-walk" aria-label="Below this plan">
      <div className="row wrap-row">
        <Button shortcut="N" onPress={() => void walk("failure", null)}>
          Go to the first failure
        </Button>
        <Button onPress={() => void walk("end", null)}>Count everything below</Button>
        <form
          className="sub-find"
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== "") void walk("end", null, text.trim());
          }}
        >
          <input
            type="search"
            aria-label="Find below by label, class or id"
            placeholder="label, class or id"
            maxLength={200}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <Button submit onPress={() => undefined}>
            Find below
          </Button>
        </form>
        <span role="status" className="small t3">
          {walking !== null && "walking down …"}
          {walked?.walk != null && ` ${walkedText(walked.walk)}`}
        </span>
        {goOn !== null && (
          <Button small onPress={() => void walk(walked?.until ?? "failure", goOn, walked?.find)}>
            Go on
          </Button>
        )}
      </div>
      {walked !== null && walked.error !== null && (
        <p className="err wrap" role="alert">
          Cannot walk down: {faultOf(walked.error).message}
        </p>
      )}
      {walked?.walk != null && walking === null && (
        <Result source={source} walked={walked} walk={walked.walk} moving={moving} />
      )}
    </section>
  );
}

function walkedText({ walked, levels, again, stopped }: SubPlanWalk): string {
  const met = `walked ${plural(walked, "plan")} on ${plural(levels, "level")}`;
  const more = stopped === null ? "" : `. ${stopped}`;
  return `${met}${again === 0 ? "" : `, ${formatCount(again)} of them met again and not entered`}${more}`;
}

interface ResultProps {
  readonly source: string;
  readonly walked: Walked;
  readonly walk: SubPlanWalk;
  readonly moving: boolean;
}

function Result({ source, walked, walk, moving }: ResultProps) {
  if (walked.find !== "") return <Matches source={source} walk={walk} find={walked.find} />;
  if (walked.until === "end") return <Counts walk={walk} />;
  if (walk.firstFailure !== null) return <Found source={source} failure={walk.firstFailure} />;
  if (walk.token !== null || walk.stopped !== null) return <p className="t2">Nothing failed as far as it walked.</p>;
  return <p className="t2">Nothing below it failed{moving ? " so far" : ""}, and neither did it.</p>;
}

function Counts({ walk }: { readonly walk: SubPlanWalk }) {
  if (walk.walked === 0) return <p className="t2">It planned no sub-plans.</p>;
  return (
    <ul className="sub-states" aria-label="Everything below by state and result">
      {walk.counts
        .toSorted((a, b) => b.count - a.count)
        .map(({ state, result, count }) => (
          <li key={`${state} ${result}`}>
            {state === null ? (
              <span className="unk">row gone</span>
            ) : (
              <State system="plan" word={state} quiet={state === "stopped"} />
            )}{" "}
            {result !== null && <State system="result" word={result} quiet={result === "success"} />}{" "}
            <b className="med">{formatCount(count)}</b>
          </li>
        ))}
      {walk.failing > 0 && (
        <li className="t-failed tone">
          failing <b className="med">{formatCount(walk.failing)}</b>
        </li>
      )}
    </ul>
  );
}

/** What holds the text that was looked for, as far as it walked. */
function Matches({
  source,
  walk,
  find,
}: {
  readonly source: string;
  readonly walk: SubPlanWalk;
  readonly find: string;
}) {
  const { matches, found } = walk;
  if (matches === 0)
    return (
      <p className="t2 wrap">
        None of {plural(walk.walked, "plan")} holds “<bdi>{find}</bdi>” in its label, class or id.
      </p>
    );
  return (
    <div className="vbox sub-matches">
      <table aria-label="Found below" className="sticky">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Result</th>
            <th scope="col" className="w100">
              {plural(matches, "plan")}
              {matches > found.length && `, the first ${formatCount(found.length)}`}
            </th>
            <th scope="col" className="num p2">
              level
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ id, label, rootActionClass, state, result, level }) => (
            <tr key={id}>
              <td>
                {state === null ? (
                  <span className="unk">row gone</span>
                ) : (
                  <State system="plan" word={state} quiet={state === "stopped"} />
                )}
              </td>
              <td>{result !== null && <State system="result" word={result} quiet={result === "success"} />}</td>
              <td className="w100 trunc">
                <Link href={routes.plan(source, id)} className="plain">
                  <ClassName name={label ?? rootActionClass} />
                </Link>{" "}
                <span className="t3">
                  <Id id={id} />
                </span>
              </td>
              <td className="num p2 t2">{level}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The way from this plan down to the leaf, and the step of it that failed, with its error. */
function Found({ source, failure }: { readonly source: string; readonly failure: FirstSubPlanFailure }) {
  const { path, step } = failure;
  const leaf = path.at(-1);
  if (leaf === undefined) return null;
  const at = routes.plan(source, leaf.id, { step: step?.stepId ?? null });
  return (
    <section className="sub-found" aria-label="The first failure">
      <ol className="sub-path" aria-label="The way to it">
        {path.map(({ id, label, rootActionClass, state, callerStepId }, index) => (
          <li key={id} aria-current={index === path.length - 1 ? "true" : undefined}>
            {callerStepId !== null && <span className="t3">step {callerStepId} planned </span>}
            {index === 0 ? (
              <span className="t2">this plan</span>
            ) : (
              <Link href={routes.plan(source, id)} className="plain">
                <ClassName name={label ?? rootActionClass} />
              </Link>
            )}{" "}
            {index > 0 && <Id id={id} />}
            {state === null && <span className="unk"> row gone</span>}
          </li>
        ))}
      </ol>
      {path.length === 1 && <p className="t2">No sub-plan failed before it: it failed itself.</p>}
      <div className="err">
        {step === null ? (
          <p>Its result is {leaf.result ?? "not known"}, and none of its listed steps is in error.</p>
        ) : (
          <>
            <p className="row wrap-row">
              <Glyph tone="failed" />
              <Link href={at}>
                Step {step.stepId}, {step.phase}
              </Link>
              <ClassName name={step.actionClass} />
            </p>
            <ErrorText error={step.error} />
          </>
        )}
      </div>
      <p>
        <Link href={at} className="btn">
          Open the plan that failed
        </Link>
      </p>
    </section>
  );
}

type StepError = NonNullable<FirstSubPlanFailure["step"]>["error"];

function ErrorText({ error }: { readonly error: StepError }) {
  if (error === null) return <p className="t3">No error is stored with it.</p>;
  if ("masked" in error) return <p className="t3">Its error is hidden from viewers.</p>;
  return (
    <>
      <p className="mono ex">
        <bdi>{error.exceptionClass}</bdi>
      </p>
      <p className="err-msg">
        <bdi>{error.message}</bdi>
      </p>
    </>
  );
}
