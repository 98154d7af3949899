"use client";
import { useCallback, useSyncExternalStore } from "react";

/** Where there is room for more than one column: as the styles have it. */
export const WIDE = "(min-width: 720px)";

/** Whether a media query holds now, and from now on; on the server, and before that is known, `true`. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", onChange);
      return () => list.removeEventListener("change", onChange);
    },
    [query],
  );
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(query).matches,
    () => true,
  );
}
