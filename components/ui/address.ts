"use client";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";
import type { Href } from "./routes.ts";

interface Address {
  readonly path: string;
  readonly search: URLSearchParams;
  /**
   * Goes to an address of `routes`. Within the same page only the address changes, without asking the server;
   * `replace` leaves no step in the history (filters while they are typed).
   */
  go(href: Href, options?: { readonly replace?: boolean }): void;
}

/** The address as state: filters, sort, selection and drawers live in it. */
export function useAddress(): Address {
  const path = usePathname();
  const parameters = useSearchParams();
  const router = useRouter();
  const search = useMemo(() => new URLSearchParams(parameters?.toString() ?? ""), [parameters]);
  const go = useCallback(
    (href: Href, options: { readonly replace?: boolean } = {}) => {
      if (href.split("?", 1)[0] !== window.location.pathname) {
        if (options.replace === true) router.replace(href);
        else router.push(href);
        return;
      }
      if (options.replace === true) window.history.replaceState(null, "", href);
      else window.history.pushState(null, "", href);
    },
    [router],
  );
  return useMemo(() => ({ path: path ?? "/", search, go }), [path, search, go]);
}
