"use client";
import { useQuery } from "@tanstack/react-query";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { PageHead } from "#components/ui/section.tsx";
import { useSession } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure, Skeleton } from "#components/ui/widget.tsx";
import { AboutSection } from "./about-section.tsx";
import { ConfigurationSection } from "./configuration-section.tsx";
import { TasteSection, WhoSection } from "./mine-section.tsx";
import { SafetySection } from "./safety-section.tsx";
import "./settings.css";

const LOOK_EVERY_MS = 30_000;

/** What holds for whoever looks, what keeps everybody safe, and what this console is configured to. */
export function SettingsPage() {
  const known = useSession()?.principal != null;
  const trpc = useTRPC();
  const query = useQuery(trpc.settings.get.queryOptions(undefined, { enabled: known, refetchInterval: LOOK_EVERY_MS }));
  return (
    <div className="page settings">
      <Crumbs path={[{ text: "Settings" }]} />
      <PageHead title="Settings" sub="Mine, everybody's safety, and what this console is configured to." />
      <OnlyNow>Settings: what stands here is of now, whatever instant the other pages show.</OnlyNow>
      <TasteSection />
      {query.data === undefined ? (
        <Waiting error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <WhoSection mine={query.data.mine} />
      )}
      <SafetySection permissions={query.data?.permissions} />
      {query.data !== undefined && <AboutSection about={query.data.about} />}
      <ConfigurationSection />
    </div>
  );
}

function Waiting({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  return error === null ? (
    <Skeleton rows={6} what="who I am" />
  ) : (
    <Failure title="Cannot read who I am" error={error} onRetry={onRetry} />
  );
}
