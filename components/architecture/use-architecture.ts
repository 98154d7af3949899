"use client";
/** What the page of the console's own parts asks for, while somebody looks at it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useIsPast } from "#components/ui/instants.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";
import { type Rates, ratesOf } from "./rates.ts";

const LOOK_EVERY_MS = 2_000;

/** Figures and rates of this moment; both `null` until they are told, and in the past. */
export function useFigures(): { readonly figures: ArchitectureOutput | null; readonly rates: Rates | null } {
  const past = useIsPast();
  const trpc = useTRPC();
  const { data } = useQuery(
    trpc.admin.architecture.queryOptions(undefined, { enabled: !past, refetchInterval: LOOK_EVERY_MS }),
  );
  const before = useRef<ArchitectureOutput | null>(null);
  const [rates, setRates] = useState<Rates | null>(null);
  useEffect(() => {
    if (data === undefined || data.atMs === before.current?.atMs) return;
    setRates(ratesOf(before.current, data));
    before.current = data;
  }, [data]);
  return past || data === undefined ? { figures: null, rates: null } : { figures: data, rates };
}

/** The parts as their supervisor tells them. */
export function useReaders() {
  const past = useIsPast();
  const trpc = useTRPC();
  return useQuery(trpc.admin.readers.list.queryOptions(undefined, { enabled: !past, refetchInterval: LOOK_EVERY_MS }));
}
