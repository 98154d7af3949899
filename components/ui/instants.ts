"use client";
/** Which instant the console shows. The address says so, `?at=` and `?with=`, beside everything else of the page. */
import { createContext, useContext } from "react";
import type { EpochMs } from "#server/kernel/clock.ts";
import { parseInstant } from "./format.ts";

export interface Instants {
  /** Everything is shown as of it; `null` = live. */
  readonly at: EpochMs | null;
  /** What differs from this instant is marked; `null` = nothing is compared. */
  readonly with: EpochMs | null;
}

export const LIVE_INSTANTS: Instants = { at: null, with: null };

/** Given by the shell; outside it everything is live. */
export const InstantsContext = createContext<Instants>(LIVE_INSTANTS);

/** The instants of the address; moves with them. */
export const useInstants = (): Instants => useContext(InstantsContext);

/** Whether another instant than now is shown. */
export const useIsPast = (): boolean => useInstants().at !== null;

/** What an address says; text that is no instant says nothing. */
export function parseInstants(search: URLSearchParams): Instants {
  return { at: parseInstant(search.get("at")), with: parseInstant(search.get("with")) };
}

/** Why nothing can be done while another instant is shown: one sentence for every action. */
export const NOT_LIVE = "Not live: go back to live to act.";
