"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { useLive, useLiveFold } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useReadOnly } from "#components/ui/read-only.ts";
import { usePermitted, useRefusal, useSession } from "#components/ui/session.ts";
import { Instant, Since } from "#components/ui/time.tsx";

const ReadOnlyDialog = onDemand(() => import("./read-only-dialog.tsx").then((module) => module.ReadOnlyDialog));

/** What holds for the whole console: the live feed is lost, the journal cannot be written, actions are refused. */
export function Banners() {
  return (
    <div aria-live="polite">
      <FeedBanner />
      <JournalBanner />
      <ReadOnlyBanner />
    </div>
  );
}

function FeedBanner() {
  const live = useLive();
  if (live.phase === "live" || live.phase === "connecting") return null;
  return (
    <div className="banner t-failed">
      <Glyph tone="failed" />
      <b>{live.phase === "ended" ? "The live feed has been ended" : "The live feed is lost"}</b>
      <span className="t2">
        {live.since !== null && (
          <>
            since <Instant at={live.since} /> (<Since at={live.since} />
            ).{" "}
          </>
        )}
        What you see is of then.{" "}
        {live.phase === "ended"
          ? (live.reason ?? "Log in again.")
          : "It is tried again by itself; nothing will be missing."}
      </span>
    </div>
  );
}

function JournalBanner() {
  const journal = useLiveFold((state) => state.journal);
  const refused = useSession()?.actionsRefused ?? null;
  if (journal?.ok === true && journal.follows !== undefined) return <FollowerBanner {...journal.follows} />;
  const broken = journal !== undefined && !journal.ok;
  if (!broken && (journal !== undefined || refused === null)) return null;
  return (
    <div className="banner t-failed">
      <Glyph tone="failed" />
      <b>{journal?.follows === undefined ? "The journal cannot be written" : "The journal cannot be read"}</b>
      <span className="t2">
        {(broken ? journal.reason : refused) ?? "No reason known."} No record, no action: actions are off, and what you
        see stands still{" "}
        {broken && (
          <>
            since <Instant at={journal.since} />
          </>
        )}
        .
      </span>
    </div>
  );
}

/** Nothing is sent anywhere, by anybody. */
function ReadOnlyBanner() {
  const [open, setOpen] = useState(false);
  const held = useReadOnly();
  const configured = useSession()?.readOnly ?? false;
  const refusal = useRefusal("safety:allow-acting");
  const permitted = usePermitted("safety:allow-acting");
  return (
    <>
      {(held !== null || configured) && (
        <div className="banner t-attention">
          <Glyph tone="attention" />
          <b>Everything is read-only</b>
          <span className="t2 wrap">
            {configured ? (
              "By the configuration: nothing is sent to any system."
            ) : (
              <>
                Nothing is sent to any system. Set by <bdi>{held?.by?.user ?? "somebody"}</bdi>{" "}
                {held !== null && <Instant at={held.since} />}
                {held?.by != null && (
                  <>
                    : <bdi>{held.by.reason}</bdi>
                  </>
                )}
              </>
            )}
          </span>
          {!configured && permitted && (
            <Button small refusal={refusal} onPress={() => setOpen(true)}>
              Allow acting again…
            </Button>
          )}
        </div>
      )}
      {open && <ReadOnlyDialog on={false} onClose={() => setOpen(false)} />}
    </>
  );
}

/** Nothing is wrong: what is shown is live, and somebody else writes it down. */
function FollowerBanner({ holder }: { readonly holder: string | null }) {
  return (
    <div className={`banner ${holder === null ? "t-attention" : "t-idle"}`}>
      <Glyph tone={holder === null ? "attention" : "idle"} />
      <b>This console follows</b>
      <span className="t2">
        {holder === null
          ? "Nobody writes the journal at present: what you see stands still until a console takes over. Actions are off."
          : `${holder} writes the journal. What you see is live; actions are off here.`}
      </span>
    </div>
  );
}
