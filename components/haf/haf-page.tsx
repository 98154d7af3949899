"use client";
import { HistoryFold } from "#components/history/history-section.tsx";
import { RelatedSection } from "#components/related/related-section.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import { own } from "#server/contract/fold/record.ts";
import { AppsSection } from "./apps-section.tsx";
import { DatabaseSection } from "./database-section.tsx";
import { DemoSteps } from "./demo-steps.tsx";
import { stackTitle } from "./haf-words.ts";
import { RolesSection } from "./roles-section.tsx";
import { StackChecks } from "./stack-checks.tsx";
import { StackHead } from "./stack-head.tsx";
import { type Stack, useStacks } from "./use-stacks.ts";
import "#components/plan/plan.css";
import "./haf.css";

const StackDiagram = onDemand(() => import("./stack-diagram.tsx").then((module) => module.StackDiagram));
const AppDrawer = onDemand(() => import("./app-drawer.tsx").then((module) => module.AppDrawer));

/** Reads of a stack come this often; later ones draw attention. */
const LOOK_EVERY_MS = 2_000;

/** One HAF stack: where it stands, what needs somebody, its apps, its set-up as a sequence, its containers. */
export function HafPage() {
  const stacks = useStacks();
  const { search } = useAddress();
  const unknown = useNotKnown("haf").length;
  const asked = search.get("source");
  const stack = stacks?.find(({ id }) => id === asked) ?? (asked === null ? stacks?.[0] : undefined);
  return (
    <div className="page">
      <Crumbs
        path={stack === undefined ? [{ text: "HAF" }] : [{ text: "HAF", href: routes.haf() }, { text: stack.id }]}
      />
      {stacks === undefined ? (
        <>
          <PageHead title="HAF" sub="reading…" />
          <Skeleton rows={6} columns={6} what="HAF stacks" />
        </>
      ) : stack === undefined ? (
        <>
          <PageHead title="HAF" />
          <NotKnownStreams families={["haf"]} />
          {unknown === 0 && <NoStack asked={asked} some={stacks.length > 0} />}
        </>
      ) : (
        <>
          {stacks.length > 1 && <Picker stacks={stacks} current={stack.id} />}
          <StackView key={stack.id} stack={stack} />
        </>
      )}
    </div>
  );
}

function NoStack({ asked, some }: { readonly asked: string | null; readonly some: boolean }) {
  if (asked !== null && some)
    return <Empty title={`There is no HAF stack ${asked}.`}>It may have been taken out of the configuration.</Empty>;
  return (
    <Empty title="No HAF stack is configured.">
      Name one under <code>haf:</code> in the configuration; <code>worldline check</code> then says which rights it
      needs.
    </Empty>
  );
}

function Picker({ stacks, current }: { readonly stacks: readonly Stack[]; readonly current: string }) {
  return (
    <nav className="tabs" aria-label="HAF stacks">
      {stacks.map(({ id, fold }) => (
        <Link key={id} href={routes.haf({ source: id })} aria-current={id === current ? "page" : undefined}>
          <bdi>{id}</bdi>
          {fold.source.state === "down" && <span className="t-failed tone"> down</span>}
        </Link>
      ))}
    </nav>
  );
}

function StackView({ stack }: { readonly stack: Stack }) {
  const { id, fold, read } = stack;
  const past = useIsPast();
  const { search, go } = useAddress();
  const name = search.get("app");
  const app = name === null ? undefined : own(fold.apps, name);
  const tab = search.get("tab");
  const down = fold.source.state === "down";
  const close = () => go(routes.haf({ source: id, tab }), { replace: true });
  return (
    <>
      <PageHead
        title={stackTitle(id, fold)}
        sub={
          past ? (
            "as it was known then"
          ) : (
            <>
              as of <Age at={read?.asOf ?? null} everyMs={LOOK_EVERY_MS} down={down} />
            </>
          )
        }
      />
      <NotKnownStreams families={["haf"]} />
      {down && (
        <Failure
          title={`Cannot read ${id}`}
          message={typeof fold.source.reason === "string" ? fold.source.reason : null}
          since={fold.source.since}
        >
          <p className="t3">What follows is what was last known of it.</p>
        </Failure>
      )}
      <div className={down ? "stale" : undefined}>
        <StackHead stack={stack} />
        <StackChecks source={id} checks={fold.checks} />
        <AppsSection stack={stack} selected={name} />
        <Section title="Set-up" note="who starts whom, from the first index to the last API" className="haf-sec">
          <StackDiagram stack={stack} tab={tab === "actual" ? "actual" : "plan"} />
        </Section>
        <RolesSection stack={stack} />
        <DatabaseSection stack={stack} />
      </div>
      <DemoSteps source={id} />
      <RelatedSection thing={{ kind: "haf", source: id, id: "" }} />
      <HistoryFold thing={{ type: "source", source: id, id }} what={id} />
      {name !== null && app !== undefined && <AppDrawer stack={stack} name={name} app={app} onClose={close} />}
    </>
  );
}
