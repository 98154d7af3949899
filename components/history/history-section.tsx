"use client";
import { useState } from "react";
import { DrawerSection } from "#components/ui/drawer.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import type { Thing } from "#server/contract/wire/journal.ts";
import "./history.css";

const Timeline = onDemand(() => import("./timeline.tsx").then((module) => module.Timeline));

interface HistoryProps {
  readonly thing: Thing;
  /** What it is, in a few words: `dna@10.0.0.7`. */
  readonly what: string;
}

const TITLE = "History seen";
const NOTE = "by this console, and what was done to it";

/** The history of the thing that a page is about. */
export function HistorySection({ thing, what }: HistoryProps) {
  return (
    <Section className="sec-history" title={TITLE} note={NOTE}>
      <Timeline thing={thing} what={what} />
    </Section>
  );
}

/** The same on a page that is about other things as well: read when it is asked for. */
export function HistoryFold(props: HistoryProps) {
  return (
    <Section className="sec-history" title={`${TITLE} of ${props.what}`} note={NOTE}>
      <WhenAsked {...props} />
    </Section>
  );
}

/** The same in a drawer. */
export function DrawerHistory(props: HistoryProps) {
  return (
    <DrawerSection title={TITLE} note={NOTE}>
      <WhenAsked {...props} />
    </DrawerSection>
  );
}

function WhenAsked({ thing, what }: HistoryProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Hide the history" : "Show the history"}
      </button>
      {open && <Timeline thing={thing} what={what} />}
    </>
  );
}
