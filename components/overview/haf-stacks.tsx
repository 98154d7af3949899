"use client";
import { hafFolds } from "#components/ui/folds.ts";
import { formatCount, formatDurationMs, formatShare, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafSample } from "#server/contract/haf.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { lookOf, TONES_WORST_FIRST } from "#server/kernel/states.ts";

interface StackRow {
  readonly id: string;
  readonly up: boolean;
  /** The furthest phase that holds; `null` = nothing was read yet. */
  readonly phase: string | null;
  readonly since: EpochMs;
  readonly block: number | null;
  readonly head: number | null;
  readonly leftMs: number | null;
  readonly asOf: EpochMs | null;
  /** App states with how many apps are in each, worst first. */
  readonly apps: readonly { readonly state: string; readonly count: number }[];
  readonly troubles: number;
}

function rowsOf({ folds, samples }: LiveState): readonly StackRow[] {
  return hafFolds(folds).map(({ id, stream, fold }) => {
    const sample: HafSample | undefined = samples[stream]?.haf;
    return {
      id,
      up: fold.source.state === "up",
      phase: fold.phases.at(-1) ?? null,
      since: fold.phasesSince,
      block: sample?.block ?? fold.progress?.block ?? null,
      head: sample?.head ?? fold.progress?.head ?? null,
      leftMs: sample?.leftMs ?? null,
      asOf: samples[stream]?.asOf ?? null,
      apps: appsOf(fold),
      troubles: Object.values(fold.checks).filter((check) => check?.level === "critical" || check?.level === "warning")
        .length,
    };
  });
}

function appsOf({ apps }: HafFold): StackRow["apps"] {
  const counts = new Map<string, number>();
  for (const { state } of Object.values(apps)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const rank = (state: string) => TONES_WORST_FIRST.indexOf(lookOf("hafApp", state).tone);
  return [...counts]
    .map(([state, count]) => ({ state, count }))
    .sort((a, b) => rank(a.state) - rank(b.state) || (a.state < b.state ? -1 : 1));
}

/** Every HAF stack: where in its set-up and sync it stands, and how its apps do. */
export function HafStacks() {
  const rows = useFold(rowsOf) ?? [];
  const past = useIsPast();
  return (
    <Section
      title="HAF stacks"
      note="the furthest phase, and apps by state"
      aside={<Link href={routes.haf()}>stacks</Link>}
    >
      <NotKnownStreams families={["haf"]} />
      {rows.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Stack</th>
              <th scope="col">phase</th>
              <th scope="col" className="num">
                block
              </th>
              <th scope="col" className="num">
                {past ? "in phase" : "left"}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <StackLine key={row.id} {...row} past={past} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function StackLine(row: StackRow & { readonly past: boolean }) {
  const { id, up, phase, since, block, head, leftMs, asOf, apps, troubles, past } = row;
  return (
    <tr className={up ? "" : "stale"}>
      <td className="w100 trunc">
        <Link className="plain" href={routes.haf({ source: id })}>
          <Name text={id} />
        </Link>
        <div className="small t3 apps-line">
          {apps.length === 0
            ? "no app is known"
            : apps.map(({ state, count }) => (
                <span key={state} className="nowrap">
                  <Glyph {...lookOf("hafApp", state)} /> {formatCount(count)} {state.replaceAll("_", " ")}{" "}
                </span>
              ))}
          {troubles > 0 && <span className="t-attention tone">{plural(troubles, "check")} not well</span>}
        </div>
      </td>
      <td className="nowrap">
        {phase === null ? (
          <span className="t3">not known</span>
        ) : (
          <State system="haf" word={phase}>
            {phase.replaceAll("_", " ")}
          </State>
        )}
      </td>
      <td className="num">
        {block === null ? "–" : formatCount(block)}
        {block !== null && head !== null && head > block && (
          <span className="t3 small"> {formatShare(block / head)}</span>
        )}
      </td>
      <td className="num">
        {past || leftMs === null ? (
          phase === null ? (
            "–"
          ) : (
            <Since at={since} />
          )
        ) : (
          <>
            {formatDurationMs(leftMs)} <Age at={asOf} />
          </>
        )}
      </td>
    </tr>
  );
}
