"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { operatorFold } from "#components/ui/folds.ts";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { SilencesTable } from "./silences-table.tsx";
import { SinksTable, SinksThen } from "./sinks-table.tsx";

const SilenceDialog = onDemand(async () => (await import("./silence-dialog.tsx")).SilenceDialog);
const REFRESH_MS = 3_000;

const silencesOf = ({ folds }: LiveState) => operatorFold(folds).silences;

/** Whom the console tells what needs a person, how that goes, and what is told to nobody for a while. */
export function AlertsPage() {
  const past = useIsPast();
  const silences = useFold(silencesOf) ?? {};
  const now = useNow();
  const [asking, setAsking] = useState(false);
  const refusal = useRefusal("alerts:silence");
  const lasting = Object.values(silences).filter(({ until }) => now !== null && until > now).length;
  return (
    <div className="page">
      <Crumbs path={[{ text: "Alerts" }]} />
      <PageHead
        title="Alerts"
        sub="What needs a person is told to these by webhook, once when it is there and once when it is over."
        actions={
          <Button refusal={refusal} onPress={() => setAsking(true)}>
            Silence…
          </Button>
        }
      />
      <NotKnownStreams families={["operator", "console"]} />
      <div className="stack">
        <Section title="Sinks" note="where alerts go">
          {past ? <SinksThen /> : <Sinks />}
        </Section>
        <Section
          title={lasting === 0 ? "Silences" : `Silences, ${plural(lasting, "lasts", "last")} now`}
          note="told to nobody until they end; the screens show it all the same"
          aside={<Link href={routes.journal({ kind: "alert.*" })}>In the journal</Link>}
        >
          <SilencesTable silences={silences} />
        </Section>
      </div>
      <OnlyNow>How often a sink was told, and when it last had a sign of life.</OnlyNow>
      {asking && <SilenceDialog onClose={() => setAsking(false)} />}
    </div>
  );
}

function Sinks() {
  const query = useQuery(useTRPC().alerts.list.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  return (
    <QueryWidget query={query} what="sinks" columns={5}>
      {({ sinks, toldBy }) =>
        sinks.length === 0 ? (
          <Empty title="Nobody is told anything.">
            Name a webhook under <code>alerts</code> in the configuration; <code>docs/operations.md</code> has the
            format of the messages and how to check their signature.
          </Empty>
        ) : (
          <>
            {toldBy !== null && (
              <p className="small t2">
                Told by <bdi>{toldBy}</bdi>, which writes the journal; this console follows it and tells nobody.
              </p>
            )}
            <SinksTable sinks={sinks} />
          </>
        )
      }
    </QueryWidget>
  );
}
