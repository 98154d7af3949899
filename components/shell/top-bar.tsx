"use client";
import { zoneName } from "#components/ui/format.ts";
import { Icon } from "#components/ui/icons.tsx";
import { useNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import { useSession } from "#components/ui/session.ts";
import { Brake } from "./brake.tsx";

const LogoutButton = onDemand(() => import("./logout-button.tsx").then((module) => module.LogoutButton));

interface TopBarProps {
  readonly crumbs: (element: HTMLElement | null) => void;
  readonly onMenu: () => void;
  readonly onSearch: () => void;
}

/** Drill path, what data this is, search, zone, theme, who. */
export function TopBar({ crumbs, onMenu, onSearch }: TopBarProps) {
  const session = useSession();
  return (
    <div className="top">
      <button type="button" className="menu-btn" aria-label="Pages" onClick={onMenu}>
        <Icon name="menu" size={18} />
      </button>
      <nav className="crumbs" aria-label="Breadcrumbs" ref={crumbs} />
      <div className="tools">
        {session !== undefined && session.demo !== null && (
          <span className="demo" title="Everything here is simulated in this process">
            demo<span className="demo-long"> data</span>
          </span>
        )}
        <button type="button" className="search" onClick={onSearch} aria-keyshortcuts="Control+K">
          <Icon name="search" size={13} />
          <span className="words">Find or do</span>
          <span className="key" aria-hidden="true">
            <kbd>Ctrl K</kbd>
          </span>
        </button>
        <Brake />
        <ZoneSwitch />
        <ThemeSwitch />
        {session?.principal != null && (
          <span className="user small">
            <bdi>{session.principal.id}</bdi> · {session.principal.role}
          </span>
        )}
        {session?.principal?.kind === "token" && <LogoutButton />}
      </div>
    </div>
  );
}

function ZoneSwitch() {
  const { zone, setZone } = usePreferences();
  const now = useNow();
  const shown = zone === "utc" || now === null ? "UTC" : zoneName(zone, now);
  return (
    <button
      type="button"
      className="btn-plain small"
      title={
        zone === "utc" ? "All times are in UTC; press for your own zone" : "All times are in your zone; press for UTC"
      }
      onClick={() => setZone(zone === "utc" ? "local" : "utc")}
    >
      <span className="vh">Time zone: </span>
      {shown}
    </button>
  );
}

function ThemeSwitch() {
  const { theme, setTheme } = usePreferences();
  const toggle = () => {
    const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
    setTheme(dark ? "light" : "dark");
  };
  return (
    <button type="button" className="btn-icon" aria-label="Light or dark" onClick={toggle}>
      <Icon name={theme === "dark" ? "sun" : "moon"} size={15} />
    </button>
  );
}
