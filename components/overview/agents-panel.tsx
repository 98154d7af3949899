"use client";
import { ingestFolds } from "#components/ui/folds.ts";
import { formatCount, formatNumber, plural } from "#components/ui/format.ts";
import { State, StateGlyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { CountCell } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { lookOf, TONES_WORST_FIRST } from "#server/kernel/states.ts";

interface Fleet {
  readonly up: boolean;
  readonly agents: number;
  readonly states: readonly { readonly state: string; readonly count: number; readonly oldest: EpochMs }[];
  /** Items a second of all agents; `null` = not kept. */
  readonly perSecond: number | null;
  readonly asOf: EpochMs | null;
  readonly gateways: readonly { readonly id: string; readonly state: string; readonly troubled: readonly string[] }[];
}

const GATEWAYS_MAX = 4;

function fleetOf({ folds, samples }: LiveState): Fleet {
  const sources = ingestFolds(folds);
  const states = new Map<string, { count: number; oldest: EpochMs }>();
  for (const { fold } of sources)
    for (const { state, stateSince } of Object.values(fold.agents)) {
      const known = states.get(state);
      if (known === undefined) states.set(state, { count: 1, oldest: stateSince });
      else states.set(state, { count: known.count + 1, oldest: stateSince < known.oldest ? stateSince : known.oldest });
    }
  const rank = (state: string) => TONES_WORST_FIRST.indexOf(lookOf("agent", state).tone);
  const told = sources.flatMap(({ stream }) => samples[stream] ?? []);
  const rates = told.flatMap(({ ingest }) => Object.values(ingest?.agents ?? {}).map(({ perSecond }) => perSecond));
  return {
    up: sources.every(({ fold }) => fold.source.state === "up"),
    agents: [...states.values()].reduce((sum, { count }) => sum + count, 0),
    states: [...states]
      .map(([state, one]) => ({ state, ...one }))
      .sort((a, b) => rank(a.state) - rank(b.state) || (a.state < b.state ? -1 : 1)),
    perSecond: told.length === 0 ? null : Math.round(rates.reduce((sum, rate) => sum + rate, 0) * 10) / 10,
    asOf: told[0]?.asOf ?? null,
    gateways: sources.flatMap(({ fold }) =>
      Object.entries(fold.gateways).map(([id, { state, receivers }]) => ({
        id,
        state,
        troubled: Object.entries(receivers).flatMap(([name, one]) =>
          one.state === "ok" || one.state === "stopped" ? [] : [`${name} ${one.state}`],
        ),
      })),
    ),
  };
}

/** The agents by state, what they send, and the gateways that hear them. */
export function AgentsPanel() {
  const fleet = useFold(fleetOf);
  return (
    <Section title="Agents" note="by state" aside={<Link href={routes.agents()}>agents</Link>}>
      <NotKnownStreams families={["ingest"]} />
      {fleet !== undefined && <FleetTable {...fleet} />}
    </Section>
  );
}

function FleetTable({ up, agents, states, perSecond, asOf, gateways }: Fleet) {
  const shown = gateways.slice(0, GATEWAYS_MAX);
  return (
    <>
      {agents === 0 ? (
        <Empty title="No agent has been heard.">They appear with their first accepted call.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col" className="num">
                agents
              </th>
              <th scope="col" className="num">
                oldest
              </th>
            </tr>
          </thead>
          <tbody>
            {states.map(({ state, count, oldest }) => (
              <tr key={state} className={up ? "" : "stale"}>
                <td className="w100">
                  <Link className="plain" href={routes.agents({ state })}>
                    <State system="agent" word={state} />
                  </Link>
                </td>
                <CountCell value={count} unknown={!up} />
                <td className="num">
                  <Since at={oldest} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="small t3">
        {perSecond !== null && (
          <>
            {formatNumber(perSecond, 1)} items a second <Age at={asOf} />.{" "}
          </>
        )}
        {shown.map(({ id, state, troubled }) => (
          <span key={id} className="nowrap">
            <StateGlyph system="gateway" word={state} /> <Name text={id} />
            {troubled.length > 0 && <span className="t-failed tone"> {troubled.join(", ")}</span>}{" "}
          </span>
        ))}
        {gateways.length > shown.length && <>and {formatCount(gateways.length - shown.length)} more. </>}
        <Link href={routes.pipeline()}>{gateways.length === 0 ? "pipeline" : plural(gateways.length, "gateway")}</Link>
      </p>
    </>
  );
}
