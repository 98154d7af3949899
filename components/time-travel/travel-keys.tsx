"use client";
import { useInstants } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Direction, useSteps } from "./use-steps.ts";
import { useMoves, useTravel, useWay } from "./use-travel.ts";

interface TravelKeysProps {
  readonly at: EpochMs | null;
  readonly now: EpochMs;
  readonly first: EpochMs | null;
}

const isOnBar = (event: KeyboardEvent): boolean =>
  event.target instanceof Element && event.target.closest("[role=slider]") !== null;

/** The keys of time, everywhere and on the bar. Draws nothing but what a step has to say. */
export function TravelKeys({ at, now, first }: TravelKeysProps) {
  const instants = useInstants();
  const { traveller } = useWay();
  const { speed } = useTravel();
  const { goTo, live, compareWith } = useMoves();
  const { step, said } = useSteps();
  const to = (direction: Direction, what: "events" | "marks") => {
    if (at === null && direction === "next") return false;
    step(traveller.travel().wanted ?? at ?? now, direction, what);
    return true;
  };
  const onBar = (run: (event: KeyboardEvent) => unknown) => (event: KeyboardEvent) =>
    isOnBar(event) ? run(event) : false;
  const byShift = ({ shiftKey }: KeyboardEvent) => (shiftKey ? "marks" : "events");
  const play = () => {
    if (at === null) return false;
    traveller.play(speed === null ? 1 : null);
    return true;
  };
  const toLive = () => {
    if (at === null) return false;
    live();
    return true;
  };
  useKeys(
    [
      { keys: ",", does: "previous event", run: () => to("previous", "events") },
      { keys: ".", does: "next event", run: () => to("next", "events") },
      {
        keys: "<",
        does: "previous mark: an action, or something that needed a person",
        run: () => to("previous", "marks"),
      },
      { keys: ">", does: "next mark", run: () => to("next", "marks") },
      { keys: "L", does: "live", run: toLive },
      {
        keys: "D",
        does: "compare with now, or stop comparing",
        run: () => {
          if (at === null && instants.with === null) return false;
          compareWith(instants.with === null ? now : null);
          return true;
        },
      },
    ],
    { group: "Time" },
  );
  useKeys(
    [
      {
        keys: "ArrowLeft",
        does: "previous event; with Shift previous mark",
        run: onBar((key) => to("previous", byShift(key))),
      },
      { keys: "ArrowRight", does: "next event; with Shift next mark", run: onBar((key) => to("next", byShift(key))) },
      { keys: "Home", does: "start of what is kept", run: onBar(() => (first === null ? false : goTo(first))) },
      { keys: "End", does: "live", run: onBar(toLive) },
      { keys: "Space", does: "play or stand", run: onBar(play) },
    ],
    { group: "On the time bar" },
  );
  return (
    <span className="vh" role="status">
      {said ?? (at === null ? "Now is shown" : speed === null ? "Standing in the past" : `Playing at ${speed} times`)}
    </span>
  );
}
