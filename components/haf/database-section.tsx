"use client";
import { formatBytes, formatCount, plural } from "#components/ui/format.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { Instant, Since } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafConnection, HafIndexBuild, HafSample } from "#server/contract/haf.ts";
import { Bar } from "./bar.tsx";
import { blockWords } from "./haf-words.ts";
import type { Stack } from "./use-stacks.ts";

/** Indexes, forks, starts of hived, and what the database tells of itself. */
export function DatabaseSection({ stack: { fold, sample } }: { readonly stack: Stack }) {
  return (
    <Section title="Database" note="indexes, forks, who is connected" className="haf-sec">
      <div className="haf-cols">
        <div>
          <Facts facts={factsOf(fold, sample)} wide />
        </div>
        <div>
          <h3 className="small med">Indexes being built</h3>
          <Builds fold={fold} sample={sample} />
          <h3 className="small med">Who is connected</h3>
          <Connections connections={sample?.connections ?? null} />
        </div>
      </div>
    </Section>
  );
}

function factsOf(fold: HafFold, sample: HafSample | null): readonly Fact[] {
  const { indexes, fork, hived } = fold;
  const left = indexes === null ? 0 : indexes.missing + indexes.creating + indexes.invalid;
  return [
    {
      name: "Indexes and keys",
      value:
        indexes === null ? <Unknown /> : left === 0 ? "all there" : plural(left, "index missing", "indexes missing"),
      source: indexes === null ? undefined : indexWords(indexes),
    },
    {
      name: "Stuck",
      value: indexes === null ? <Unknown /> : <bdi>{indexes.stuck.join(", ") || "none"}</bdi>,
      wrap: true,
    },
    {
      name: "Fork",
      value: fork === null ? <Unknown /> : `${fork.id} from block ${formatCount(fork.block)} on`,
    },
    {
      name: "hived started",
      value: hived === null ? <Unknown /> : <Instant at={hived.since} />,
      source: hived === null ? undefined : <bdi>{hived.gitSha ?? "version not told"}</bdi>,
    },
    { name: "Ready changed", value: fold.ready === null ? <Unknown /> : fold.ready ? "ready" : "not ready" },
    { name: "Phases for", value: fold.phases.length === 0 ? <Unknown /> : <Since at={fold.phasesSince} /> },
    {
      name: "Queue of events",
      value: sample?.eventQueue == null ? <Unknown /> : plural(sample.eventQueue, "row"),
    },
    {
      name: "Vacuum",
      value: sample === null ? <Unknown /> : <bdi>{vacuumWords(sample)}</bdi>,
      wrap: true,
    },
    { name: "Size", value: sample?.databaseBytes == null ? <Unknown /> : formatBytes(Number(sample.databaseBytes)) },
  ];
}

const indexWords = ({ missing, creating, created, invalid }: NonNullable<HafFold["indexes"]>): string =>
  [
    `${formatCount(created)} created`,
    ...(creating > 0 ? [`${creating} creating`] : []),
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...(invalid > 0 ? [`${invalid} invalid`] : []),
  ].join(", ");

const VACUUM_SHOWN = 5;
function vacuumWords({ vacuum }: HafSample): string {
  const waiting = vacuum.filter(({ status }) => status === "requested");
  if (waiting.length === 0) return "none asked for";
  const named = waiting.slice(0, VACUUM_SHOWN).map(({ table }) => table);
  return `asked for: ${named.join(", ")}${waiting.length > VACUUM_SHOWN ? ` and ${waiting.length - VACUUM_SHOWN} more` : ""}`;
}

function Builds({ fold, sample }: { readonly fold: HafFold; readonly sample: HafSample | null }) {
  if (sample === null) return <NotKept what="The progress of builds" />;
  if (sample.building.length === 0)
    return (
      <p className="small t3">
        {(fold.indexes?.creating ?? 0) > 0
          ? `${fold.indexes?.creating} say they are being created; the database tells of none that is.`
          : "None."}
      </p>
    );
  return (
    <ul className="haf-builds">
      {sample.building.map((build: HafIndexBuild, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two builds of one table differ by nothing else
        <li key={`${build.table} ${index}`}>
          <bdi className="trunc">{build.table}</bdi>
          <span className="t3 small trunc">
            <bdi>{build.phase}</bdi>
          </span>
          <Bar share={build.share} label={`Index of ${build.table}`} words={build.phase} />
        </li>
      ))}
    </ul>
  );
}

const CONNECTIONS_SHOWN = 30;

function Connections({ connections }: { readonly connections: readonly HafConnection[] | null }) {
  if (connections === null) return <NotKept what="Who is connected" />;
  if (connections.length === 0) return <p className="small t3">Nobody, or this role may not see it.</p>;
  return (
    <table aria-label="Connections">
      <thead>
        <tr>
          <th scope="col">Application</th>
          <th scope="col">User</th>
          <th scope="col">State</th>
          <th scope="col" className="num">
            connections
          </th>
        </tr>
      </thead>
      <tbody>
        {connections.slice(0, CONNECTIONS_SHOWN).map(({ application, user, state, count }) => (
          <tr key={`${application} ${user} ${state}`}>
            <td>
              <bdi>{application === "" ? "–" : application}</bdi>
            </td>
            <td className="t2">
              <bdi>{user}</bdi>
            </td>
            <td className="t2">{state}</td>
            <td className="num">{blockWords(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NotKept({ what }: { readonly what: string }) {
  return (
    <>
      <OnlyNow>{what} is a sample: it is not kept.</OnlyNow>
      <p className="small t3">Not known.</p>
    </>
  );
}
