"use client";
import { useState } from "react";
import { CauseAndEffects } from "#components/history/cause-and-effects.tsx";
import { OperationLine } from "#components/plan/outcome.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { formatDurationMs } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { copyText, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { isMasked, type JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import { subjectLink } from "./subject-link.ts";
import { useOperation } from "./use-operation.ts";

/** Everything that one event says. */
export function EventDrawer({ event, onClose }: { readonly event: JournalEvent; readonly onClose: () => void }) {
  const words = eventWords(event);
  const link = subjectLink(event);
  const operation = useOperation(event);
  return (
    <Drawer
      title={<span className="mono">{event.kind}</span>}
      sub={
        <span className={`t-${words.tone} wrap`}>
          <Glyph tone={words.tone} shape={words.shape} /> <bdi>{words.what}</bdi>
        </span>
      }
      onClose={onClose}
    >
      <DrawerSection title="Event">
        <Facts facts={factsOf(event)} />
        <p className="pad-y fs12">
          {link !== null && (
            <>
              <Link href={link}>Open what it is about</Link>{" "}
            </>
          )}
          <Link href={routes.journal({ subject: event.subject })}>Everything about it</Link>
        </p>
      </DrawerSection>
      <DrawerSection title="Cause and effects">
        <CauseAndEffects event={event} />
      </DrawerSection>
      {operation !== null && (
        <DrawerSection title="What came of it">
          <OperationLine operation={operation} />
        </DrawerSection>
      )}
      <DrawerSection title="Details" note="as recorded">
        <Json value={event.body} />
      </DrawerSection>
    </Drawer>
  );
}

function factsOf(event: JournalEvent): readonly Fact[] {
  const { actor, causedBy, occurredAt, observedAt } = event;
  const lag = observedAt - occurredAt;
  return [
    { name: "observed", value: <Instant at={observedAt} form="ms" />, source: "our clock" },
    {
      name: "occurred",
      value: <Instant at={occurredAt} form="ms" />,
      source: Math.abs(lag) < 1 ? "the same" : `${formatDurationMs(Math.abs(lag))} ${lag > 0 ? "before" : "after"}`,
    },
    { name: "stream", value: <bdi>{event.stream}</bdi>, source: `seq ${event.seq}` },
    { name: "subject", value: <Id id={event.subject} /> },
    { name: "event id", value: <Id id={event.id} /> },
    ...(event.synthetic ? [{ name: "made by", value: "the console: judged, not read" }] : []),
    ...(causedBy === null ? [] : [{ name: "caused by", value: <Id id={causedBy} /> }]),
    ...(actor === null
      ? []
      : [
          {
            name: "asked by",
            value: <bdi>{actor.user}</bdi>,
            source: `${actor.role}, ${isMasked(actor.address) ? "address hidden" : actor.address}`,
          },
          { name: "reason", value: <bdi>“{actor.reason}”</bdi>, wrap: true },
        ]),
  ];
}

const SHOWN_MAX = 20_000;

function Json({ value }: { readonly value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  const [said, setSaid] = useState<string | null>(null);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre className="code json" tabIndex={0}>
        {text.slice(0, SHOWN_MAX)}
        {text.length > SHOWN_MAX && "\n… the rest is in the copy"}
      </pre>
      <button
        type="button"
        className="btn-plain small"
        onClick={async () => setSaid((await copyText(text)) ? "copied" : "could not copy")}
      >
        Copy
      </button>{" "}
      <span role="status" className="small t3">
        {said}
      </span>
    </>
  );
}
