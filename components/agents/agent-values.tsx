"use client";
import { useQuery } from "@tanstack/react-query";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import type { AgentMessageView } from "#server/contract/wire/agents-data.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { bodyText } from "./body-text.ts";

const EVERY_MS = 2_000;

interface OfAgent {
  readonly source: string;
  readonly agentId: string;
}

/** The last message of each type and kind. */
export function AgentValues({ source, agentId }: OfAgent) {
  const query = useQuery(
    useTRPC().agents.last.queryOptions({ source, agentId }, { refetchInterval: EVERY_MS, retry: false }),
  );
  return (
    <Section
      title="Last values"
      note="of each type and kind, of what came to this console's own gateway"
      className="agent-part"
    >
      <QueryWidget query={query} what="its last values" rows={3} columns={4}>
        {({ values, faults }) => (
          <>
            <Faults faults={faults} />
            {values.length === 0 ? (
              <Empty title="Nothing is kept of what it sent.">
                A route to a receiver <code>live-view</code> keeps the last values.
              </Empty>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
              <div className="tscroll" tabIndex={0}>
                <table className="agent-values" aria-label="Last values">
                  <thead>
                    <tr>
                      <th scope="col">Type</th>
                      <th scope="col">Kind</th>
                      <th scope="col" className="w100">
                        Value
                      </th>
                      <th scope="col" className="num">
                        received
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {values.map((value) => (
                      <Value key={`${value.type} ${value.kind}`} value={value} />
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </>
        )}
      </QueryWidget>
    </Section>
  );
}

function Value({ value }: { readonly value: AgentMessageView }) {
  return (
    <tr>
      <td>
        <bdi>{value.type}</bdi>
      </td>
      <td>
        <bdi>{value.kind}</bdi>
      </td>
      <td className="w100 c-value">
        <bdi>{bodyText(value)}</bdi>
      </td>
      <td className="num">
        <Age at={Date.parse(value.receivedAt) as EpochMs} />
      </td>
    </tr>
  );
}
