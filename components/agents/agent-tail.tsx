"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useRowsInBox } from "#components/plan/use-rows-in-box.ts";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { formatCount } from "#components/ui/format.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { AgentMessageView } from "#server/contract/wire/agents-data.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { bodyText } from "./body-text.ts";

const EVERY_MS = 2_000;
const COLUMNS = 5;

interface OfAgent {
  readonly source: string;
  readonly agentId: string;
}

/** The last raw messages, newest first; they stand still when asked to. */
export function AgentTail({ source, agentId }: OfAgent) {
  const [paused, setPaused] = useState(false);
  const query = useQuery(
    useTRPC().agents.tail.queryOptions(
      { source, agentId },
      { refetchInterval: paused ? false : EVERY_MS, retry: false },
    ),
  );
  return (
    <Section
      title="Raw messages"
      note="the last hundred that came to this console's own gateway, newest first"
      className="agent-part"
      aside={
        <button type="button" className="btn sm" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? "Go on" : "Hold still"}
        </button>
      }
    >
      <QueryWidget query={query} what="its messages" rows={6} columns={4}>
        {({ messages }) =>
          messages.length === 0 ? (
            <Empty title="Nothing came since this gateway started." />
          ) : (
            <Rows messages={messages} />
          )
        }
      </QueryWidget>
    </Section>
  );
}

function Rows({ messages }: { readonly messages: readonly AgentMessageView[] }) {
  const { box, seen, before, after } = useRowsInBox(messages.length);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by keyboard
    <section className="agent-tail" ref={box} tabIndex={0} aria-label="Raw messages">
      <table aria-rowcount={messages.length + 1}>
        <thead>
          <tr>
            <th scope="col" className="num">
              number
            </th>
            <th scope="col">received</th>
            <th scope="col" className="p2">
              by its clock
            </th>
            <th scope="col">Kind</th>
            <th scope="col" className="w100">
              Body
            </th>
          </tr>
        </thead>
        <tbody>
          <SeenRows rows={messages} seen={seen} before={before} after={after} columns={COLUMNS}>
            {(message) => <Row key={`${message.bootId} ${message.seq}`} message={message} />}
          </SeenRows>
        </tbody>
      </table>
    </section>
  );
}

function Row({ message }: { readonly message: AgentMessageView }) {
  const text = bodyText(message);
  return (
    <tr>
      <td className="num">{formatCount(message.seq)}</td>
      <td className="nowrap">
        <Instant at={Date.parse(message.receivedAt) as EpochMs} form="clock" />
      </td>
      <td className="nowrap p2">
        <Instant at={Date.parse(message.at) as EpochMs} form="clock" />
      </td>
      <td className="nowrap">
        <bdi>
          {message.type} {message.kind}
        </bdi>
      </td>
      <td className="c-body trunc" title={text}>
        <bdi>{text}</bdi>
      </td>
    </tr>
  );
}
