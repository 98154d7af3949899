"use client";
/** What an instant of the past leaves unknown, said in the place where it would stand. */
import { familyOf, type StreamFamily } from "#server/contract/event.ts";
import type { NotKnown } from "#server/contract/wire/journal.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { useIsPast } from "./instants.ts";
import { type PastState, usePast } from "./live.ts";
import { Instant } from "./time.tsx";

const NONE: readonly NotKnown[] = [];
const notKnownOf = (state: PastState): readonly NotKnown[] => state.notKnown;

/** Streams of these families of which nothing can be told at the instant that is shown; none while live. */
export function useNotKnown(...families: readonly StreamFamily[]): readonly NotKnown[] {
  const all = usePast(notKnownOf) ?? NONE;
  return all.filter(({ stream }) => families.some((family) => family === familyOf(stream)));
}

/** Hatched, one line a stream: not known is not the same as none. */
export function NotKnownStreams({ families }: { readonly families: readonly StreamFamily[] }) {
  const unknown = useNotKnown(...families);
  if (unknown.length === 0) return null;
  return (
    <ul className="unknowns" aria-label="Not known then">
      {unknown.map(({ stream, why, knownFrom }) => (
        <li key={stream}>
          <span className="unk">
            <b className="med">
              <bdi>{stream.includes(":") ? stream.slice(stream.indexOf(":") + 1) : stream}</bdi>
            </b>{" "}
            not known then
          </span>{" "}
          <span className="t3">
            {why === "before-horizon" ? "before the horizon: not kept any more" : "nothing of it had been seen yet"}
            {knownFrom !== null && (
              <>
                ; known from <Instant at={Date.parse(knownFrom) as EpochMs} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Stands where something is that only now can tell; nothing while live. */
export function OnlyNow({ children }: { readonly children: React.ReactNode }) {
  return useIsPast() ? (
    <p className="only-now small">
      <span className="unk">not kept</span> {children}
    </p>
  ) : null;
}
