"use client";
/** Owners of keys as of an instant of the past: only of those that somebody looked at then. */
import { Glyph } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, Section } from "#components/ui/section.tsx";
import { Instant, Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { DnaFold, WatchedFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import { Doubled } from "./doubled.tsx";

const ROWS_SHOWN = 500;

function useDnaThen(source: string): DnaFold | undefined {
  const stream = dnaStream(source);
  return useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? fold : undefined;
  });
}

/** Who owned one key then, if its owner was being read then. */
export function OwnerThen({ source, subject }: { readonly source: string; readonly subject: string }) {
  const fold = useDnaThen(source);
  const actor = fold === undefined ? undefined : own(fold.watched, subject);
  const doubled = fold === undefined ? undefined : own(fold.doubled, subject);
  return (
    <>
      <NotKnownStreams families={["dna"]} />
      <OnlyNow>
        Whether it runs, what it has stored and what would happen to a message: read and worked out from what is now.
      </OnlyNow>
      {doubled !== undefined && <Doubled source={source} {...doubled} />}
      <Section title="Who owned it" note="as last read before the instant that is shown">
        {fold === undefined || actor === undefined ? (
          <Empty title="Not known then.">
            Nobody looked at this key then, so its owner was not read. Its history below says what is known.
          </Empty>
        ) : (
          <>
            {fold.source.state !== "up" && (
              <p className="warn small">
                {source} was {fold.source.state} since <Instant at={fold.source.since} />: it may have changed unseen.
              </p>
            )}
            <Facts wide facts={factsOf(source, fold, actor)} />
          </>
        )}
      </Section>
    </>
  );
}

function factsOf(source: string, fold: DnaFold, actor: WatchedFold) {
  const { incarnation, claimedAt, unreadable, since, notKnownFrom } = actor;
  const node = incarnation === null ? undefined : own(fold.nodes, incarnation);
  return [
    {
      name: "owner",
      value:
        incarnation === null ? (
          <span className="t3">{unreadable === null ? "nobody" : `its row could not be read: ${unreadable}`}</span>
        ) : (
          <Link className="mono" href={routes.topology({ of: source, node: incarnation })}>
            <Name text={node?.node ?? "a node that was never seen"} />
          </Link>
        ),
      source: node === undefined ? "as read" : `as read; it was ${node.state}`,
    },
    {
      name: "incarnation",
      value: incarnation === null ? "–" : <Id id={incarnation} form="incarnation" />,
      source: "as read",
    },
    { name: "claimed", value: <Instant at={claimedAt} />, source: "the claimer's clock" },
    {
      name: "seen so since",
      value: (
        <>
          <Instant at={since} form="ms" />{" "}
          <span className="t3">
            (for <Since at={since} />)
          </span>
        </>
      ),
      source:
        notKnownFrom === null ? (
          "our clock"
        ) : (
          <>
            not known from <Instant at={notKnownFrom} form="ms" /> till then
          </>
        ),
    },
  ];
}

/** The keys of one source whose owners were being read then; the register itself is not kept. */
export function OwnersThen({ source }: { readonly source: string }) {
  const fold = useDnaThen(source);
  const actors = Object.entries(fold?.watched ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <>
      <NotKnownStreams families={["dna"]} />
      <OnlyNow>The register of {source}: owners are known of the keys that somebody looked at then.</OnlyNow>
      {actors.length === 0 ? (
        <Empty title="Nobody looked at a key then." />
      ) : (
        <div className="tscroll">
          <table aria-label="Keys whose owners were read then">
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Key</th>
                <th scope="col">Owner then</th>
                <th scope="col" className="w100">
                  seen so since
                </th>
              </tr>
            </thead>
            <tbody>
              {actors.slice(0, ROWS_SHOWN).map(([subject, actor]) => (
                <OwnerRow key={subject} source={source} actor={actor} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function OwnerRow({ source, actor }: { readonly source: string; readonly actor: WatchedFold }) {
  const { namespace, moduleId, name, incarnation, unreadable, since } = actor;
  return (
    <tr>
      <td>
        <Name text={`${namespace} / ${moduleId}`} />
      </td>
      <td className="mono trunc actor-name">
        <Link href={routes.actors({ source, namespace, moduleId, name })}>
          <Name text={name === "" ? "(empty name)" : name} />
        </Link>
      </td>
      <td>
        {incarnation !== null ? (
          <Id id={incarnation} form="incarnation" />
        ) : (
          <span className={unreadable === null ? "st t-idle" : "st t-attention"}>
            <Glyph tone={unreadable === null ? "idle" : "attention"} />
            {unreadable === null ? "nobody" : "unreadable"}
          </span>
        )}
      </td>
      <td className="w100">
        <Instant at={since} />
      </td>
    </tr>
  );
}
