"use client";
import { usePathname, useSearchParams } from "next/navigation";
import { useMemo } from "react";
import { type Go, useGo } from "./navigation.tsx";

interface Address {
  readonly path: string;
  readonly search: URLSearchParams;
  /** Goes to an address of `routes`; see `navigation.tsx`. */
  readonly go: Go;
}

const nowhere: Go = () => undefined;

/** The address as state: filters, sort, selection and drawers live in it. */
export function useAddress(): Address {
  const path = usePathname();
  const parameters = useSearchParams();
  const go = useGo() ?? nowhere;
  const search = useMemo(() => new URLSearchParams(parameters?.toString() ?? ""), [parameters]);
  return useMemo(() => ({ path: path ?? "/", search, go }), [path, search, go]);
}
