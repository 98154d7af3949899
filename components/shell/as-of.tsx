"use client";
import { useInstants } from "#components/ui/instants.ts";
import { useLiveNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";

const AsOfBanner = onDemand(() =>
  import("#components/time-travel/as-of-banner.tsx").then((module) => module.AsOfBanner),
);

/** What says that not now is shown, or that now is compared with another instant; nothing otherwise. */
export function AsOf() {
  const { at, with: other } = useInstants();
  const known = useLiveNow() !== null;
  return known && (at !== null || other !== null) ? <AsOfBanner /> : null;
}
