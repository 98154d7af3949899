"use client";
import { useEffect, useRef } from "react";
import { useAddress } from "#components/ui/address.ts";
import { formatAgeMs, formatCount, formatShare } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Count } from "#components/ui/table.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { shownText } from "#server/contract/event.ts";
import { SINK_WORDS } from "./pipeline-diagram.ts";
import type { ReceiverView, SeatView } from "./pipeline-view.ts";
import { formatRate } from "./rate-words.ts";

const OVERFLOW_WORDS = {
  block: "agents wait",
  "keep-latest": "the latest is kept",
  "drop-oldest": "the oldest is dropped",
} as const;

/** Receivers, each as the worst of its gateways; the one that the address names is brought into view. */
export function ReceiversTable({ receivers }: { readonly receivers: readonly ReceiverView[] }) {
  const wanted = useAddress().search.get("receiver");
  const named = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (wanted !== null) named.current?.scrollIntoView({ block: "center" });
  }, [wanted]);
  if (receivers.length === 0) return <Empty title="No receiver is configured." />;
  return (
    <table aria-label="Receivers">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Receiver</th>
          <th scope="col" className="p2">
            when full
          </th>
          <th scope="col" className="num">
            queue
          </th>
          <th scope="col" className="num">
            lag
          </th>
          <th scope="col" className="num p2">
            rate
          </th>
          <th scope="col" className="num p3">
            dropped
          </th>
          <th scope="col" className="num p3">
            dead letters
          </th>
        </tr>
      </thead>
      <tbody>
        {receivers.map((receiver) => {
          const { id, use, overflow, state, seats, perSecond } = receiver;
          const worst = seats.find((seat) => seat.state === state && seat.state !== null);
          const totals = totalsOf(seats);
          return (
            <tr key={id} ref={id === wanted ? named : undefined} className={id === wanted ? "sel" : ""}>
              <td>
                {state === null ? <span className="unk">not known</span> : <State system="receiver" word={state} />}
              </td>
              <td>
                <bdi>{id}</bdi> <span className="t3 small">{SINK_WORDS[use]}</span>
                {worst?.reason != null && state !== "ok" && (
                  <div className="small t-failed tone">
                    <bdi>{shownText(worst.reason)}</bdi>
                    {worst.since !== null && (
                      <span className="t3">
                        {" "}
                        for <Since at={worst.since} />
                      </span>
                    )}
                  </div>
                )}
              </td>
              <td className="p2 t2">{OVERFLOW_WORDS[overflow]}</td>
              <td className="num">
                {totals === null ? (
                  <span className="t3">–</span>
                ) : (
                  <span title={`${formatCount(totals.queued)} of ${formatCount(totals.capacity)}`}>
                    <Count of={totals.queued} />
                    {totals.queued > 0 && totals.capacity > 0 && (
                      <span className="t3 small"> {formatShare(totals.queued / totals.capacity)}</span>
                    )}
                  </span>
                )}
              </td>
              <td className="num">{totals === null ? "–" : formatAgeMs(totals.lagMs)}</td>
              <td className="num p2">{perSecond === null ? "–" : formatRate(perSecond)}</td>
              <td className="num p3">{totals === null ? "–" : <Count of={totals.dropped} />}</td>
              <td className="num p3">{totals === null ? "–" : <Count of={totals.deadLettered} />}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function totalsOf(seats: readonly SeatView[]) {
  const samples = seats.flatMap(({ sample }) => (sample === null ? [] : [sample]));
  if (samples.length === 0) return null;
  return samples.reduce((sum, { queued, capacity, lagMs, dropped, deadLettered }) => ({
    queued: sum.queued + queued,
    capacity: sum.capacity + capacity,
    lagMs: Math.max(sum.lagMs, lagMs),
    dropped: sum.dropped + dropped,
    deadLettered: sum.deadLettered + deadLettered,
    perSecond: 0,
  }));
}
