"use client";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { formatCount, formatInstantFull, parseInstant, shortId, type Zone } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { SortHead } from "#components/ui/table.tsx";
import { Instant } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import {
  type Compared,
  differsInState,
  figuresOf,
  finding,
  inOrder,
  MEASURES,
  type Measure,
  moreText,
  type Order,
  type PairFigures,
  ratioText,
} from "./compare-words.ts";
import { StepDiff } from "./step-diff.tsx";
import { StepPick } from "./step-pick.tsx";
import { seconds } from "./step-words.ts";

type Runs = Outputs["dynflow"]["plans"]["runs"];

const ROWS_FIRST = 100;
const PLAN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface CompareViewProps {
  readonly source: string;
  readonly planId: string;
}

/** This run beside another: which steps took longer; or what two of their steps hold. */
export function CompareView({ source, planId }: CompareViewProps) {
  const trpc = useTRPC();
  const { search } = useAddress();
  const runs = useQuery(trpc.dynflow.plans.runs.queryOptions({ source, planId }));
  const chosen = search.get("run");
  const step = numberOf(search.get("step"));
  const against = numberOf(search.get("against"));
  return (
    <Section title="Compare" note="with another run of the same label">
      <QueryWidget query={runs} what="its other runs" rows={6} columns={4}>
        {(found) => {
          const other = chosen ?? found.suggested;
          return (
            <>
              <Faults faults={found.faults} />
              <Picker source={source} planId={planId} runs={found} other={other} />
              {other === null ? (
                <Empty title="There is no other run of this label.">Paste the id of a plan to compare it with.</Empty>
              ) : step !== null && against !== null ? (
                <StepDiff
                  source={source}
                  left={{ planId, stepId: step }}
                  right={{ planId: other, stepId: against }}
                  back={routes.plan(source, planId, { tab: "compare", run: other })}
                />
              ) : (
                <>
                  {step !== null && <StepPick source={source} planId={planId} otherId={other} stepId={step} />}
                  <TwoRuns source={source} planId={planId} otherId={other} />
                </>
              )}
            </>
          );
        }}
      </QueryWidget>
    </Section>
  );
}

function numberOf(text: string | null): number | null {
  const number = text === null ? Number.NaN : Number(text);
  return Number.isInteger(number) && number >= 0 ? number : null;
}

interface PickerProps extends CompareViewProps {
  readonly runs: Runs;
  readonly other: string | null;
}

function Picker({ source, planId, runs, other }: PickerProps) {
  const { go } = useAddress();
  const { zone } = usePreferences();
  const [pasted, setPasted] = useState("");
  const to = (run: string) => go(routes.plan(source, planId, { tab: "compare", run }), { replace: true });
  const id = pasted.trim().toLowerCase();
  return (
    <div className="cmp-pick">
      {runs.runs.length > 0 && (
        <label>
          <span className="fl">Run of the same label</span>
          <select className="field" value={other ?? ""} onChange={(event) => to(event.target.value)}>
            {other !== null && runs.runs.every((run) => run.id !== other) && (
              <option value={other}>{shortId(other)}</option>
            )}
            {runs.runs.map((run) => (
              <option key={run.id} value={run.id}>
                {runText(run, run.id === runs.suggested, zone)}
              </option>
            ))}
          </select>
        </label>
      )}
      <form
        className="cmp-paste"
        onSubmit={(event) => {
          event.preventDefault();
          if (PLAN_ID.test(id)) to(id);
        }}
      >
        <label>
          <span className="fl">Or any plan by its id</span>
          <input
            className="field mono"
            value={pasted}
            placeholder="paste a plan id"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setPasted(event.target.value)}
          />
        </label>
        <Button
          submit
          onPress={() => undefined}
          refusal={id === "" || PLAN_ID.test(id) ? (id === "" ? "Paste an id first." : null) : "This is no plan id."}
        >
          Compare
        </Button>
      </form>
    </div>
  );
}

function runText(run: Runs["runs"][number], suggested: boolean, zone: Zone): string {
  const at = parseInstant(run.startedAt);
  const when = at === null ? "never started" : formatInstantFull(at, zone).slice(0, MINUTE_CHARS);
  const what = run.state === "stopped" ? run.result : run.state;
  return `${when} · ${what} · ${seconds(run.realTimeSec)} · ${shortId(run.id)}${suggested ? " · last success" : ""}`;
}

/** Date, hour and minute. */
const MINUTE_CHARS = 16;

function TwoRuns({ source, planId, otherId }: CompareViewProps & { readonly otherId: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.dynflow.plans.compare.queryOptions({ source, planId, otherId }));
  return (
    <QueryWidget query={query} what={`plan ${shortId(otherId)}`} rows={12} columns={6}>
      {(compared) => (
        <>
          <p className="cmp-find">
            <b className="med">{finding(compared).join(", ")}.</b>
          </p>
          <div className="cmp-head small">
            <RunHead title="This run" source={source} run={compared.left} />
            <RunHead title="That run" source={source} run={compared.right} />
          </div>
          <Pairs source={source} planId={planId} otherId={otherId} compared={compared} />
        </>
      )}
    </QueryWidget>
  );
}

function RunHead({ title, source, run }: { title: string; source: string; run: Compared["left"] }) {
  return (
    <div>
      <b className="med">{title}</b> <Id id={run.id} />{" "}
      <Link href={routes.plan(source, run.id)} className="plain">
        open
      </Link>
      <div className="row wrap-row">
        <State system="plan" word={run.state} />
        <State system="result" word={run.result} />
      </div>
      <div className="t2">
        started <Instant at={parseInstant(run.startedAt)} />
        {run.state === "stopped"
          ? `, real time ${seconds(run.realTimeSec)}, execution ${seconds(run.executionTimeSec)}`
          : ", not over yet"}
      </div>
    </div>
  );
}

interface PairsProps extends CompareViewProps {
  readonly otherId: string;
  readonly compared: Compared;
}

function Pairs({ source, planId, otherId, compared }: PairsProps) {
  const [measure, setMeasure] = useState<Measure>("real");
  const [order, setOrder] = useState<Order>("more");
  const [all, setAll] = useState(false);
  const figures = useMemo(
    () =>
      inOrder(
        compared.pairs.map((pair) => figuresOf(pair, measure)),
        order,
      ),
    [compared, measure, order],
  );
  const most = figures.reduce((max, { left, right }) => Math.max(max, left ?? 0, right ?? 0), 0);
  const head = (to: Order, text: string, className = "") => (
    <SortHead numeric className={className} sorted={order === to ? "descending" : null} onSort={() => setOrder(to)}>
      {text}
    </SortHead>
  );
  return (
    <>
      <div className="row wrap-row">
        <fieldset className="seg" aria-label="What is compared">
          {MEASURES.map(({ measure: each, title }) => (
            <button key={each} type="button" aria-pressed={each === measure} onClick={() => setMeasure(each)}>
              {title}
            </button>
          ))}
        </fieldset>
        <Button small pressed={order === "flow"} onPress={() => setOrder(order === "flow" ? "more" : "flow")}>
          In order of the flow
        </Button>
      </div>
      <div className="scroll-x">
        <table className="tight cmp" aria-label="Steps of both runs">
          <thead>
            <tr>
              <th scope="col">state</th>
              <th scope="col">step</th>
              {head("more", "difference")}
              {head("left", "this run")}
              {head("right", "that run")}
              {head("ratio", "ratio", "p2")}
              <th scope="col" className="p2">
                steps
              </th>
            </tr>
          </thead>
          <tbody>
            {figures.slice(0, all ? undefined : ROWS_FIRST).map((figure) => (
              <PairRow
                key={`${figure.pair.left?.id ?? ""}:${figure.pair.right?.id ?? ""}`}
                {...{ source, planId, otherId, figure, most }}
              />
            ))}
          </tbody>
        </table>
      </div>
      {!all && figures.length > ROWS_FIRST && (
        <p className="pad-y">
          <Button small onPress={() => setAll(true)}>
            Show all {formatCount(figures.length)}
          </Button>
        </p>
      )}
    </>
  );
}

interface PairRowProps extends CompareViewProps {
  readonly otherId: string;
  readonly figure: PairFigures;
  readonly most: number;
}

function PairRow({ source, planId, otherId, figure, most }: PairRowProps) {
  const { pair, left, right, more, ratio } = figure;
  const { left: ours, right: theirs } = pair;
  return (
    <tr>
      <td className="nowrap">
        {ours === null ? (
          <span className="t3">only in that run</span>
        ) : (
          <>
            <State system="step" word={ours.state} />
            {theirs === null && <span className="t3"> only in this run</span>}
            {differsInState(pair) && theirs !== null && <span className="t2 cmp-was"> was {theirs.state}</span>}
          </>
        )}
      </td>
      <td>
        <ClassName name={pair.actionClass} />{" "}
        <span className="t3 small">
          {pair.phase}
          {pair.by === "class" && ", matched by class"}
        </span>
      </td>
      <td className={`num${more !== null && more > 0 ? " longer" : ""}`}>{moreText(more)}</td>
      <Time value={left} most={most} />
      <Time value={right} most={most} />
      <td className="num p2">{ratioText(ratio)}</td>
      <td className="nowrap p2">
        {ours === null ? (
          "–"
        ) : (
          <Link className="plain mono" href={routes.plan(source, planId, { step: ours.id })}>
            {ours.id}
          </Link>
        )}
        {" / "}
        {theirs === null ? (
          "–"
        ) : (
          <Link className="plain mono" href={routes.plan(source, otherId, { step: theirs.id })}>
            {theirs.id}
          </Link>
        )}
        {ours !== null && theirs !== null && (
          <>
            {" "}
            <Link
              href={routes.plan(source, planId, { tab: "compare", run: otherId, step: ours.id, against: theirs.id })}
            >
              payloads
            </Link>
          </>
        )}
      </td>
    </tr>
  );
}

/** Pixels of the longest. */
const BAR_PX = 48;

function Time({ value, most }: { readonly value: number | null; readonly most: number }) {
  return (
    <td className="num">
      {value !== null && most > 0 && (
        <span className="cmp-bar" aria-hidden="true" style={{ width: Math.round((value / most) * BAR_PX) }} />
      )}{" "}
      {seconds(value)}
    </td>
  );
}
