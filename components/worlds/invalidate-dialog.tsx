"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useJobBegun } from "#components/jobs/use-job-begun.ts";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { formatCount, plural, shortId } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { UnreadDialog } from "#components/ui/unread-dialog.tsx";
import { Empty, Failure } from "#components/ui/widget.tsx";
import type { InvalidatePreview, PlanFateWord } from "#server/contract/wire/dynflow-worlds.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Tone } from "#server/kernel/states.ts";
import { ProbeProgress } from "./probe-progress.tsx";
import { useInvalidation } from "./use-worlds.ts";
import type { WorldLine } from "./world-lines.ts";

interface InvalidateDialogProps {
  readonly line: WorldLine;
  readonly actRefused: string | null;
  readonly onClose: () => void;
}

/** Two silent pings, then what would become of each plan, then a reason and the world's name. */
export function InvalidateDialog({ line, actRefused, onClose }: InvalidateDialogProps) {
  const preview = useInvalidation(line.source, line.id);
  const name = line.world.hostname ?? shortId(line.id);
  const title = (
    <>
      Invalidate <bdi>{name}</bdi> <span className="mono">{shortId(line.id)}</span>
    </>
  );
  if (preview.data === undefined)
    return (
      <UnreadDialog
        wide
        title={title}
        what="what it holds"
        failure="Cannot read what it holds"
        rows={5}
        preview={preview}
        onClose={onClose}
      />
    );
  const props = { line, title, name, preview: preview.data, actRefused, onClose };
  return preview.data.probe?.state === "silent" ? <Act {...props} /> : <Ask {...props} />;
}

interface StageProps extends InvalidateDialogProps {
  readonly title: React.ReactNode;
  readonly name: string;
  readonly preview: InvalidatePreview;
}

/** First it has to be silent twice. */
function Ask({ line, title, name, preview, actRefused, onClose }: StageProps) {
  const { source, id } = line;
  const trpc = useTRPC();
  const cache = useQueryClient();
  const begin = useMutation(trpc.dynflow.worlds.probe.mutationOptions());
  const { probe } = preview;
  const isUnderWay = probe?.state === "pinging" || probe?.state === "waiting";
  const refusal = useRefusal("worlds:invalidate", actRefused ?? (line.ours ? "It is this console's own world." : null));
  const renew = () =>
    cache.invalidateQueries(trpc.dynflow.worlds.invalidatePreview.queryFilter({ source, worldId: id }));
  if (isUnderWay)
    return (
      <Dialog title={title} sub="step 1 of 2: is it dead?" onClose={onClose} wide>
        <div className="dbody stack-3">
          {probe !== null && <ProbeProgress probe={probe} />}
          <p className="t3 wrap">
            Two pings past its cache, 30 s each, 10 s apart: a world that is only held up gets a second chance. This
            goes on when the dialog is closed; come back to see what came of it.
          </p>
        </div>
        <footer>
          <div className="go whole">
            <span className="small t3 why">Nothing is written to its plans.</span>
            <Button onPress={onClose} shortcut="Esc">
              Back
            </Button>
          </div>
        </footer>
      </Dialog>
    );
  return (
    <ActDialog
      wide
      title={title}
      sub="step 1 of 2: is it dead?"
      verb={`Ping ${name} twice`}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        await begin.mutateAsync({ source, worldId: id, reason, requestId });
        await renew();
      }}
      onDone={() => undefined}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        {probe?.state === "answered" && (
          <>
            <p className="st wrap">
              <Glyph tone="good" /> {probe.note}. It is not invalidated.
            </p>
            <ProbeProgress probe={probe} />
          </>
        )}
        {probe?.state === "failed" && <Failure title="It could not be pinged" message={probe.note} />}
        <p className="wrap">
          Invalidating takes a dead world's plans away from it, as a starting executor of Dynflow would. It is offered
          only after two pings without an answer, 30 s each: this takes a little more than a minute, and changes
          nothing.
        </p>
        <p className="wrap t2">
          The simplest is to start or restart an executor: Dynflow then does all of this by itself, with the
          application's hooks. Do it here when no executor can be started.
        </p>
        <Holds preview={preview} />
      </div>
    </ActDialog>
  );
}

const Holds = ({ preview }: { readonly preview: InvalidatePreview }) => (
  <p className="t3 small wrap">
    It holds {plural(preview.planCount, "plan")} and {plural(preview.otherLocks, "other lock")};{" "}
    {plural(preview.envelopes, "envelope")} {preview.envelopes === 1 ? "waits" : "wait"} for it.
  </p>
);

/** Then what becomes of everything it holds. */
function Act({ line, title, name, preview, actRefused, onClose }: StageProps) {
  const { source, id } = line;
  const trpc = useTRPC();
  const begun = useJobBegun();
  const start = useMutation(trpc.dynflow.worlds.invalidate.mutationOptions());
  const refusal = useRefusal("worlds:invalidate", actRefused ?? preview.refusals[0] ?? null);
  const expectedPlans = preview.planCount;
  async function act({ reason, requestId }: Intent) {
    const { jobId } = await start.mutateAsync({ source, worldId: id, expectedPlans, reason, requestId });
    begun(jobId);
  }
  return (
    <ActDialog
      wide
      title={title}
      sub={<Silent preview={preview} />}
      verb={preview.planCount === 0 ? `Invalidate ${name}` : `Invalidate ${name}, ${plural(preview.planCount, "plan")}`}
      typed={name}
      refusal={refusal}
      approval={{
        action: "dynflow.worlds.invalidate",
        stream: `dynflow:${source}`,
        target: id,
        terms: { expectedPlans },
      }}
      onAct={act}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody two">
        <section>
          <h3>What becomes of its plans</h3>
          <Fates source={source} preview={preview} />
        </section>
        <section>
          <h3>What is removed</h3>
          <p className="wrap">
            Its record, {plural(preview.otherLocks, "other lock")} of its own, and{" "}
            {plural(preview.envelopes, "envelope")} that {preview.envelopes === 1 ? "waits" : "wait"} for it: whoever
            sent those gets no answer.
          </p>
          <h3 className="gap">Who goes on</h3>
          {preview.executors.length === 0 ? (
            <p className="wrap">No other executor is active. Plans without error wait for the next one that starts.</p>
          ) : (
            <p className="wrap">
              <bdi>{preview.executors.map(({ id: other, hostname }) => hostname ?? shortId(other)).join(", ")}</bdi>
              {preview.executors.length === 1
                ? ", if it answers a ping first."
                : ", in turn, those that answer a ping first."}
            </p>
          )}
          <h3 className="gap">Mind</h3>
          <ul className="mind">
            {preview.warnings.map((text) => (
              <li key={text} className="warn wrap">
                {text}
              </li>
            ))}
          </ul>
        </section>
      </div>
    </ActDialog>
  );
}

function Silent({ preview: { probe } }: { readonly preview: InvalidatePreview }) {
  const last = probe?.pings.at(-1);
  return (
    <>
      step 2 of 2: <Glyph tone="failed" /> no answer to two pings
      {last !== undefined && (
        <>
          , the last <Age at={Date.parse(last.at) as EpochMs} suffix="ago" />
        </>
      )}
    </>
  );
}

const FATES: Readonly<Record<PlanFateWord, { readonly title: string; readonly tone: Tone }>> = {
  "paused-with-error": { title: "paused with an error: a person has to resume it", tone: "failed" },
  "taken-over": { title: "taken over by another executor", tone: "working" },
  "waits-for-executor": { title: "waits for the next executor that starts", tone: "waiting" },
  "planned-and-executed": { title: "planned completely: executed by another", tone: "working" },
  "planned-and-waits": { title: "planned completely: waits for the next executor", tone: "waiting" },
  stopped: { title: "half planned: stopped for good", tone: "attention" },
  "only-unlocked": { title: "missing or not loadable: only unlocked", tone: "idle" },
};

function Fates({ source, preview }: { readonly source: string; readonly preview: InvalidatePreview }) {
  const { plans, planCount, fates } = preview;
  if (planCount === 0)
    return <Empty title="It holds no plan.">Only its record and what waits for it are removed.</Empty>;
  return (
    <>
      <ul className="fates">
        {Object.entries(FATES).flatMap(([word, { title, tone }]) => {
          const count = fates[word] ?? 0;
          return count === 0
            ? []
            : [
                <li key={word}>
                  <b className="num">{formatCount(count)}</b>
                  <span className="wrap">
                    <Glyph tone={tone} /> {title}
                  </span>
                </li>,
              ];
        })}
      </ul>
      <div className="fate-box">
        <table aria-label="What becomes of each plan">
          <thead>
            <tr>
              <th scope="col">Plan</th>
              <th scope="col">Now</th>
              <th scope="col" className="w100">
                Then
              </th>
            </tr>
          </thead>
          <tbody>
            {plans.map(({ planId, label, state, fate, failedStepIds, reason }) => (
              <tr key={planId}>
                <td>
                  <Link href={routes.plan(source, planId)} className="mono">
                    {shortId(planId)}
                  </Link>
                </td>
                <td>{state === null ? <span className="t3">missing</span> : <State system="plan" word={state} />}</td>
                <td className="w100 wrap">
                  <Glyph tone={FATES[fate].tone} /> {SHORT[fate]}
                  {failedStepIds.length > 0 && <span className="t3"> {stepsText(failedStepIds)}</span>}
                  {reason !== null && <span className="t3"> {reason}</span>}
                  {label !== null && (
                    <span className="t3 small block">
                      <ClassName name={label} />
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {planCount > plans.length && (
        <p className="small t3">
          {formatCount(plans.length)} of {formatCount(planCount)} were looked at.
        </p>
      )}
    </>
  );
}

const SHORT: Readonly<Record<PlanFateWord, string>> = {
  "paused-with-error": "paused, error",
  "taken-over": "taken over",
  "waits-for-executor": "paused, waits",
  "planned-and-executed": "executed",
  "planned-and-waits": "planned, waits",
  stopped: "stopped",
  "only-unlocked": "unlocked",
};
const stepsText = (ids: readonly number[]): string =>
  ids.length === 1 ? `step ${ids[0]} fails` : `steps ${ids.slice(0, 5).join(", ")}${ids.length > 5 ? "…" : ""} fail`;
