"use client";
import { createContext, useContext } from "react";

const NONE: ReadonlySet<string> = new Set();

/** Ids of what differs between the two instants that are compared: incarnations on the map, steps in a flow. */
export const ChangedContext = createContext<ReadonlySet<string>>(NONE);

/** What to draw with the outline of what differs; empty while nothing is compared. */
export const useChanged = (): ReadonlySet<string> => useContext(ChangedContext);
