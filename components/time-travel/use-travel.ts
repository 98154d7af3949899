"use client";
/** The traveller of this browser, and the ways to move it: cursor, screens and address go together. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { tickerOf } from "#components/live/live-cache.ts";
import { publishPast } from "#components/live/past.ts";
import { useAddress } from "#components/ui/address.ts";
import { useInstants } from "#components/ui/instants.ts";
import { atInstants } from "#components/ui/routes.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { createLazyMachine } from "./lazy-machine.ts";
import type { Moment } from "./time-machine.ts";
import { createTraveller, type Travel, type Traveller } from "./traveller.ts";

type Client = ReturnType<typeof useTRPCClient>;

interface Way {
  readonly traveller: Traveller;
  /** The instant that we put into the address ourselves: hearing of it again moves nothing. */
  committed: EpochMs | null;
}

const ways = new WeakMap<QueryClient, Way>();

function wayOf(cache: QueryClient, client: Client): Way {
  const known = ways.get(cache);
  if (known !== undefined) return known;
  const machine = createLazyMachine({
    stateAt: (at) => client.journal.stateAt.query({ at: toIso(at) }),
    events: (input) => client.journal.events.query(input),
  });
  const liveNow = () => tickerOf(cache).now();
  const traveller = createTraveller({
    machine,
    show: (moment) => publishPast(cache, pastState(moment)),
    nextFrame: (call) => void requestAnimationFrame(call),
    every(ms, call) {
      const timer = setInterval(call, ms);
      return () => clearInterval(timer);
    },
    elapsedMs: () => performance.now(),
    liveNow,
  });
  const way = { traveller, committed: null };
  ways.set(cache, way);
  return way;
}

function pastState({ at, folds, notKnown, horizon, recent }: Moment) {
  return {
    cursor: toIso(at),
    folds,
    samples: {},
    // Whether the journal can be written now is told by the live state; then it could, or nothing would be known.
    journal: { ok: true, since: at, reason: null },
    serverNow: at,
    notKnown,
    horizon: horizon === null ? null : epochMs(horizon),
    recent,
  };
}

export function useWay(): Way {
  return wayOf(useQueryClient(), useTRPCClient());
}

/** Where the traveller is. */
export function useTravel(): Travel {
  const { traveller } = useWay();
  return useSyncExternalStore(traveller.subscribe, traveller.travel, traveller.travel);
}

export interface Moves {
  /** To an instant; `replace` leaves no step in the history. */
  goTo(at: EpochMs, replace?: boolean): void;
  /** Puts where the cursor stands into the address. */
  commit(): void;
  live(): void;
  /** Both at once; `null` = live, and nothing to compare with. */
  show(at: EpochMs | null, other: EpochMs | null): void;
  /** Marks what differs from this instant; `null` = nothing any more. */
  compareWith(at: EpochMs | null): void;
}

/** The ways to move. */
export function useMoves(): Moves {
  const way = useWay();
  const { path, search, go } = useAddress();
  const instants = useInstants();
  return useMemo<Moves>(() => {
    const address = (at: EpochMs | null, other: EpochMs | null, replace: boolean) =>
      go(
        atInstants(path, search, {
          at: at === null ? null : toIso(at),
          with: other === null ? null : toIso(other),
        }),
        { replace, instants: "given" },
      );
    return {
      goTo(at, replace = false) {
        way.traveller.seek(at);
        way.committed = at;
        address(at, instants.with, replace);
      },
      commit() {
        const { wanted } = way.traveller.travel();
        if (wanted === null || wanted === way.committed) return;
        way.committed = wanted;
        address(wanted, instants.with, true);
      },
      live() {
        way.committed = null;
        if (instants.at !== null || instants.with !== null) address(null, null, false);
      },
      show(at, other) {
        if (at !== null) way.traveller.seek(at);
        way.committed = at;
        address(at, other, false);
      },
      compareWith: (other) => address(instants.at, other, false),
    };
  }, [way, path, search, go, instants]);
}
