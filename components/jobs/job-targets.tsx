"use client";
import { formatCount, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import type { Href } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { Empty } from "#components/ui/widget.tsx";
import { type JobCounts, shownText } from "#server/contract/event.ts";
import type { JobWords } from "./job-words.ts";

type Target = Outputs["jobs"]["get"]["targets"][number];
export type OutcomeFilter = Target["outcome"] | null;

const FILTERS: readonly OutcomeFilter[] = [null, "applied", "moved", "failed", "unknown"];

interface JobTargetsProps {
  readonly targets: readonly Target[];
  readonly counts: JobCounts;
  readonly words: JobWords;
  readonly outcome: OutcomeFilter;
  readonly onOutcome: (outcome: OutcomeFilter) => void;
  /** Whether this is the first page. */
  readonly first: boolean;
  readonly nextAfter: string | null;
  readonly onPage: (after: string | null) => void;
}

/** What became of each key, by key; as far as it is settled. */
export function JobTargets({ targets, counts, words, outcome, onOutcome, first, nextAfter, onPage }: JobTargetsProps) {
  const filters = (
    <span className="seg">
      {FILTERS.map((filter) => (
        <button key={filter ?? "all"} type="button" aria-pressed={filter === outcome} onClick={() => onOutcome(filter)}>
          {filter ?? "all"} {filter === null || counts[filter] === 0 ? "" : formatCount(counts[filter])}
        </button>
      ))}
    </span>
  );
  return (
    <Section title="Outcomes" note={`by ${words.target}`} aside={filters}>
      {targets.length === 0 ? (
        <Empty title={outcome === null ? `No ${words.target} is settled yet.` : `No ${words.target} is ${outcome}.`} />
      ) : (
        <TargetRows targets={targets} words={words} />
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

function Place({ href, children }: { readonly href: Href | null; readonly children: React.ReactNode }) {
  return href === null ? children : <Link href={href}>{children}</Link>;
}

function TargetRows({ targets, words }: { readonly targets: readonly Target[]; readonly words: JobWords }) {
  return (
    <table aria-label={`Outcomes by ${words.target}`}>
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">{words.target === "key" ? "Key" : "Plan"}</th>
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
              <Place href={words.place(key)}>
                <bdi>{words.name(key)}</bdi>
              </Place>
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
