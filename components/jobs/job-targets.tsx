"use client";
import { formatCount, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Section } from "#components/ui/section.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { Empty } from "#components/ui/widget.tsx";
import { type JobCounts, shownText } from "#server/contract/event.ts";

type Target = Outputs["jobs"]["get"]["targets"][number];
export type OutcomeFilter = Target["outcome"] | null;

const FILTERS: readonly OutcomeFilter[] = [null, "applied", "moved", "failed", "unknown"];

interface JobTargetsProps {
  readonly targets: readonly Target[];
  readonly counts: JobCounts;
  readonly outcome: OutcomeFilter;
  readonly onOutcome: (outcome: OutcomeFilter) => void;
  /** Whether this is the first page. */
  readonly first: boolean;
  readonly nextAfter: string | null;
  readonly onPage: (after: string | null) => void;
}

/** What became of each key, by key; as far as it is settled. */
export function JobTargets({ targets, counts, outcome, onOutcome, first, nextAfter, onPage }: JobTargetsProps) {
  const filters = (
    <span className="seg">
      {FILTERS.map((filter) => (
        <button key={filter ?? "all"} type="button" aria-pressed={filter === outcome} onClick={() => onOutcome(filter)}>
          {filter ?? "all"} {filter === null ? "" : formatCount(counts[filter])}
        </button>
      ))}
    </span>
  );
  return (
    <Section title="Outcomes" note="by key" aside={filters}>
      {targets.length === 0 ? (
        <Empty title={outcome === null ? "No key is settled yet." : `No key is ${outcome}.`} />
      ) : (
        <TargetRows targets={targets} />
      )}
      <p className="more small t3">
        {!first && (
          <button type="button" className="btn sm" onClick={() => onPage(null)}>
            First
          </button>
        )}
        {nextAfter !== null && (
          <button type="button" className="btn sm" onClick={() => onPage(nextAfter)}>
            More
          </button>
        )}
      </p>
    </Section>
  );
}

function TargetRows({ targets }: { readonly targets: readonly Target[] }) {
  return (
    <table aria-label="Outcomes by key">
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Key</th>
          <th scope="col" className="num">
            at <ZoneName />
          </th>
          <th scope="col" className="w100 p2">
            why
          </th>
        </tr>
      </thead>
      <tbody>
        {targets.map(({ key, outcome, note, at }) => (
          <tr key={key}>
            <td>
              <State system="target" word={outcome} quiet={outcome === "applied"} />
            </td>
            <td className="mono trunc" title={key}>
              <bdi>{key}</bdi>
            </td>
            <td className="num">
              <Instant at={parseInstant(at)} form="ms" />
            </td>
            <td className="w100 trunc t2 p2" title={note === null ? undefined : shownText(note)}>
              {note === null ? "–" : shownText(note)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
