"use client";
import { useIsPast } from "#components/ui/instants.ts";
import { useLiveNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";

const AsOfBanner = onDemand(() =>
  import("#components/time-travel/as-of-banner.tsx").then((module) => module.AsOfBanner),
);

/** What says that not now is shown; nothing while live. */
export function AsOf() {
  const past = useIsPast();
  return useLiveNow() !== null && past ? <AsOfBanner /> : null;
}
