"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { forgetPast } from "#components/live/past.ts";
import { useInstants } from "#components/ui/instants.ts";
import { useMoves, useTravel, useWay } from "./use-travel.ts";

/** While time runs, the address follows at a distance: browsers bear only so many changes of it. */
const ADDRESS_EVERY_MS = 2_000;

/** Keeps address and traveller together: who opens a link, goes back or forward, or lets time run. Draws nothing. */
export function TravelEngine(): null {
  const cache = useQueryClient();
  const way = useWay();
  const { at } = useInstants();
  const { wanted, speed } = useTravel();
  const { commit, live } = useMoves();
  useEffect(() => {
    if (at === null) {
      way.committed = null;
      way.traveller.leave();
      forgetPast(cache);
    } else if (at !== way.committed) {
      way.committed = at;
      way.traveller.seek(at);
    }
  }, [at, way, cache]);
  // It ran into the present.
  const arrived = at !== null && wanted === null && way.committed === at && speed === null;
  useEffect(() => {
    if (arrived && way.traveller.travel().wanted === null) live();
  }, [arrived, live, way]);
  useEffect(() => {
    if (speed === null) return;
    const timer = setInterval(commit, ADDRESS_EVERY_MS);
    return () => {
      clearInterval(timer);
      commit();
    };
  }, [speed, commit]);
  return null;
}
