"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatDurationMs, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useFold } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { CountCell } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { isMasked, shownText } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { SinkView } from "#server/contract/wire/alerts.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const TestDialog = onDemand(async () => (await import("./test-dialog.tsx")).TestDialog);

const instantOf = (text: string | null): EpochMs | null => (text === null ? null : (Date.parse(text) as EpochMs));

/** Draws the sinks; knows nothing of queries. */
export function SinksTable({ sinks }: { readonly sinks: readonly SinkView[] }) {
  const [tested, setTested] = useState<SinkView | null>(null);
  const refusal = useRefusal("alerts:test");
  return (
    <>
      <table aria-label="Sinks">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Sink</th>
            <th scope="col" className="p2">
              is told
            </th>
            <th scope="col" className="num">
              open
            </th>
            <th scope="col" className="num p2">
              last told
            </th>
            <th scope="col" className="num p3">
              sign of life
            </th>
            <th scope="col">
              <span className="vh">Test</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sinks.map((sink) => (
            <tr key={sink.id}>
              <td>
                <State system="sink" word={sink.state ?? "not used yet"} />
              </td>
              <td className="wrap">
                <bdi>{sink.title}</bdi>{" "}
                <span className="t3 small">
                  <bdi>{sink.host}</bdi>
                  {sink.signed ? "" : ", unsigned"}
                </span>
                {sink.reason !== null && (
                  <div className="small t-failed tone">
                    <bdi>{isMasked(sink.reason) ? "the reason is hidden from viewers" : sink.reason}</bdi>
                  </div>
                )}
              </td>
              <td className="p2 t2">{toldWords(sink)}</td>
              <CountCell value={sink.open} />
              <td className="num p2">
                <Age at={instantOf(sink.lastToldAt)} suffix="ago" />
              </td>
              <td className="num p3">
                {sink.aliveEveryMs === null ? (
                  <span className="t3">none</span>
                ) : (
                  <Age at={instantOf(sink.lastAliveAt)} everyMs={sink.aliveEveryMs} suffix="ago" />
                )}
              </td>
              <td className="num">
                <Button small refusal={refusal} onPress={() => setTested(sink)}>
                  Test…
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {tested !== null && <TestDialog sink={tested} onClose={() => setTested(null)} />}
    </>
  );
}

function toldWords({ kinds, least, sources, settleMs }: SinkView): string {
  const what = kinds.length === 0 ? "everything" : plural(kinds.length, "kind");
  const where = sources.length === 0 ? "" : ` of ${sources.join(", ")}`;
  const bad = least === "failed" ? " that has failed" : "";
  return `${what}${bad}${where}, after ${formatDurationMs(settleMs)}`;
}

const sinksOf = ({ folds }: LiveState) => {
  for (const fold of Object.values(folds)) if (fold.family === "console") return fold.sinks;
  return undefined;
};

/** How the sinks stood, as the journal has it. */
export function SinksThen() {
  const sinks = Object.entries(useFold(sinksOf) ?? {});
  if (sinks.length === 0) return <Empty title="No sink had been used by then." />;
  return (
    <table aria-label="Sinks">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Sink</th>
          <th scope="col" className="num">
            since
          </th>
          <th scope="col" className="w100">
            why
          </th>
        </tr>
      </thead>
      <tbody>
        {sinks.map(([id, { state, since, reason }]) => (
          <tr key={id}>
            <td>
              <State system="sink" word={state} />
            </td>
            <td>
              <bdi>{id}</bdi>
            </td>
            <td className="num">
              <Since at={since} />
            </td>
            <td className="w100 t2">{reason === null ? "–" : <bdi>{shownText(reason)}</bdi>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
