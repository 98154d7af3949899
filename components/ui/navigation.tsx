"use client";
import { useRouter } from "next/navigation";
import { createContext, useCallback, useContext } from "react";
import { type Href, keepInstants } from "./routes.ts";

export interface GoOptions {
  /** Leaves no step in the history: filters while they are typed. */
  readonly replace?: boolean;
  /** The address says itself which instant is shown; else it stays the one that is shown. */
  readonly instants?: "given";
}
export type Go = (href: Href, options?: GoOptions) => void;

/** Given by `NavigationProvider`; by itself only in tests. */
export const GoContext = createContext<Go | null>(null);

/**
 * One way to go anywhere in the console. Within a page only the address changes, without asking the server; another
 * page is asked for. Next's own link does more (it fetches ahead what nobody asked for) for 10 kB that are not needed.
 */
export function NavigationProvider({ children }: { readonly children: React.ReactNode }) {
  const router = useRouter();
  const go = useCallback<Go>(
    (to, { replace = false, instants } = {}) => {
      const href = instants === "given" ? to : keepInstants(to, new URLSearchParams(window.location.search));
      if (href.split("?", 1)[0] !== window.location.pathname) {
        if (replace) router.replace(href);
        else router.push(href);
        return;
      }
      if (replace) window.history.replaceState(null, "", href);
      else window.history.pushState(null, "", href);
    },
    [router],
  );
  return <GoContext value={go}>{children}</GoContext>;
}

/** How to go somewhere; `null` outside the console (a drawing in a test): then links are the browser's. */
export const useGo = (): Go | null => useContext(GoContext);
