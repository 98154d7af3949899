"use client";
import { formatDurationMs } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import type { ProbeView } from "#server/contract/wire/dynflow-worlds.ts";

const PINGS = 2;
const PING_MS = 30_000;

/** The two pings, one line each: answered, silent, under way with the time that is left, or still to come. */
export function ProbeProgress({ probe }: { readonly probe: ProbeView }) {
  const now = useNow();
  const leftMs = probe.nextAt === null || now === null ? null : Math.max(0, Date.parse(probe.nextAt) - now);
  return (
    <ol className="probe" aria-label="Pings" aria-live="polite">
      {Array.from({ length: PINGS }, (_, index) => {
        const ping = probe.pings[index];
        const name = `Ping ${index + 1}`;
        if (ping !== undefined)
          return (
            <li key={name}>
              <Glyph tone={ping.roundTripMs === null ? "failed" : "good"} />
              <b className="med">{name}</b>
              <span>
                {ping.roundTripMs === null
                  ? `no answer within ${formatDurationMs(ping.waitedMs)}`
                  : `answered in ${formatDurationMs(ping.roundTripMs)}`}
              </span>
            </li>
          );
        const isNext = index === probe.pings.length;
        const isUnderWay = isNext && probe.state === "pinging";
        return (
          <li key={name} className={isUnderWay ? "" : "t3"}>
            <Glyph tone="waiting" />
            <b className="med">{name}</b>
            <span>
              {isUnderWay
                ? `waits for an answer, ${leftMs === null ? "…" : `${Math.ceil(leftMs / 1_000)} s left`}`
                : isNext && probe.state === "waiting"
                  ? `begins in ${leftMs === null ? "…" : `${Math.ceil(leftMs / 1_000)} s`}`
                  : probe.state === "answered"
                    ? "not needed"
                    : "to come"}
            </span>
            {isUnderWay && <Waited leftMs={leftMs} />}
          </li>
        );
      })}
    </ol>
  );
}

function Waited({ leftMs }: { readonly leftMs: number | null }) {
  const part = leftMs === null ? 0 : Math.min(1, Math.max(0, 1 - leftMs / PING_MS));
  return (
    <svg className="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect className="ground" width="100" height="6" />
      <rect className="fill" width={100 * part} height="6" />
    </svg>
  );
}
