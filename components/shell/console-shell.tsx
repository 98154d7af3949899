"use client";
import { useEffect, useMemo, useRef, useState } from "react";
import { LiveFeed } from "#components/live/live-feed.tsx";
import { useAddress } from "#components/ui/address.ts";
import { InstantsContext, parseInstants } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { useSession } from "#components/ui/session.ts";
import { SlotsProvider } from "#components/ui/slots.tsx";
import type { SessionOutput } from "#server/contract/wire/session.ts";
import { AsOf } from "./as-of.tsx";
import { AttentionProvider } from "./attention-context.tsx";
import { Banners } from "./banners.tsx";
import { Brand } from "./brand.tsx";
import { PAGES } from "./pages.ts";
import { Rail } from "./rail.tsx";
import { RecentProvider } from "./recent-context.tsx";
import { TimeBar } from "./time-bar.tsx";
import { TopBar } from "./top-bar.tsx";

const Palette = onDemand(() => import("#components/palette/palette.tsx").then((module) => module.Palette));
const KeyList = onDemand(() => import("./key-list.tsx").then((module) => module.KeyList));

/** The frame around every page but the login. Without a session it leads to the login. */
export function ConsoleShell({ children }: { readonly children: React.ReactNode }) {
  const { path, search, go } = useAddress();
  const session = useSession();
  const { at, with: other } = parseInstants(search);
  const instants = useMemo(() => ({ at, with: other }), [at, other]);
  const [open, setOpen] = useState<"palette" | "keys" | "menu" | null>(null);
  const close = () => setOpen(null);
  const loggedOut = session !== undefined && session.principal === null;
  useEffect(() => {
    if (!loggedOut) return;
    const asked = search.toString();
    go(routes.login(asked === "" ? path : `${path}?${asked}`), { replace: true });
  }, [loggedOut, go, path, search]);
  useKeys(
    [
      { keys: "Mod+K", does: "find or do", run: () => setOpen("palette") },
      { keys: "?", does: "all keys", run: () => setOpen("keys") },
    ],
    { group: "Everywhere" },
  );
  useKeys(
    PAGES.map(({ title, href, key }) => ({ keys: `G ${key}`, does: title, run: () => go(href) })),
    { group: "Pages" },
  );
  return (
    <InstantsContext value={instants}>
      <AttentionProvider>
        <RecentProvider>
          <LiveFeed session={sessionText(session)} build={session?.build ?? ""} />
          <SlotsProvider>
            {(slots) => (
              <div className={at === null ? "app" : "app past"}>
                <a className="skip" href="#main">
                  To the content
                </a>
                <header className="bars">
                  <Link className="brand" href={routes.overview()}>
                    <Brand />
                  </Link>
                  <TopBar crumbs={slots.crumbs} onMenu={() => setOpen("menu")} onSearch={() => setOpen("palette")} />
                </header>
                <Rail path={path} />
                <main className="main" id="main" tabIndex={-1}>
                  <AsOf />
                  <Banners />
                  {children}
                </main>
                <div className="drawer-slot" ref={slots.drawer} />
                <TimeBar />
                {open === "palette" && <Palette onClose={close} />}
                {open === "keys" && <KeyList onClose={close} />}
                {open === "menu" && <MenuSheet path={path} onClose={close} />}
              </div>
            )}
          </SlotsProvider>
        </RecentProvider>
      </AttentionProvider>
    </InstantsContext>
  );
}

/** Different for everybody who may see something else: feeds are never shared across. */
function sessionText(session: SessionOutput | undefined): string | null {
  const principal = session?.principal ?? null;
  return principal === null ? null : `${principal.kind} ${principal.role} ${principal.id}`;
}

/** The rail as a sheet, on phones. */
function MenuSheet({ path, onClose }: { readonly path: string; readonly onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const sheet = ref.current;
    sheet?.showModal();
    return () => sheet?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by itself
    <dialog
      ref={ref}
      className="rail-sheet"
      aria-label="Pages"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <Rail path={path} onGo={onClose} />
    </dialog>
  );
}
