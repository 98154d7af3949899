"use client";
import { createContext, useContext, useMemo, useState } from "react";
import type { Zone } from "./format.ts";
import { THEME_COOKIE, type Theme, ZONE_COOKIE } from "./preference-cookies.ts";

export type { Theme } from "./preference-cookies.ts";

const YEAR_SECONDS = 31_536_000;

interface Preferences {
  readonly theme: Theme;
  readonly zone: Zone;
  setTheme(theme: Theme): void;
  setZone(zone: Zone): void;
}

const Context = createContext<Preferences>({ theme: "system", zone: "utc", setTheme() {}, setZone() {} });

/** How this browser likes it: kept in two cookies, so that the server renders the first byte in the right theme. */
export const usePreferences = (): Preferences => useContext(Context);

function remember(name: string, value: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: cookieStore does not exist on plain http beyond loopback
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}

interface Props {
  readonly theme: Theme;
  readonly zone: Zone;
  readonly children: React.ReactNode;
}

export function PreferencesProvider({ theme: initialTheme, zone: initialZone, children }: Props) {
  const [theme, setTheme] = useState(initialTheme);
  const [zone, setZone] = useState(initialZone);
  const value = useMemo<Preferences>(
    () => ({
      theme,
      zone,
      setTheme(next) {
        if (next === "system") delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = next;
        remember(THEME_COOKIE, next);
        setTheme(next);
      },
      setZone(next) {
        remember(ZONE_COOKIE, next);
        setZone(next);
      },
    }),
    [theme, zone],
  );
  return <Context value={value}>{children}</Context>;
}
