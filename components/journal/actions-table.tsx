"use client";
import { formatDurationMs, shortId, shortIncarnation } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { type Href, routes } from "#components/ui/routes.ts";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { isMasked, type JournalEvent, shownText } from "#server/contract/event.ts";
import { type Action, expectedWords } from "./actions.ts";
import { subjectLink } from "./subject-link.ts";

interface ActionsTableProps {
  readonly actions: readonly Action[];
  readonly current: string | null;
  readonly hrefOf: (event: JournalEvent) => Href;
}

/** One row an action: who asked for what and why, how far it came and when, what was seen and what was found. */
export function ActionsTable({ actions, current, hrefOf }: ActionsTableProps) {
  return (
    <table className="journal actions" aria-label="Actions">
      <thead>
        <tr>
          <th scope="col">
            Last phase <ZoneName />
          </th>
          <th scope="col">Action</th>
          <th scope="col">Asked by</th>
          <th scope="col">Phases</th>
          <th scope="col" className="w100">
            Seen and found
          </th>
        </tr>
      </thead>
      <tbody>
        {actions.map((action) => (
          <ActionRow
            key={action.id}
            action={action}
            selected={action.phases.some(({ event }) => event.id === current)}
            hrefOf={hrefOf}
          />
        ))}
      </tbody>
    </table>
  );
}

interface ActionRowProps {
  readonly action: Action;
  readonly selected: boolean;
  readonly hrefOf: (event: JournalEvent) => Href;
}

function ActionRow({ action, selected, hrefOf }: ActionRowProps) {
  const { last, target, stream, expected, found } = action;
  const link = subjectLink(last.event);
  const saw = expectedWords(expected);
  return (
    <tr data-row={action.id} className={selected ? "sel" : ""}>
      <td className="mono c-at">
        <Link href={hrefOf(last.event)} className="plain t2">
          <Instant at={last.event.observedAt} form="ms" />
        </Link>
      </td>
      <td className="c-action">
        <b className="med wrap">{action.action}</b>
        <span className="small t2 wrap">
          {link === null ? (
            <Id id={target} />
          ) : (
            <Link href={link} title={target}>
              <bdi>{shortTarget(target)}</bdi>
            </Link>
          )}
          {stream !== null && <span className="t3"> of {stream}</span>}
        </span>
      </td>
      <td className="c-who">
        <Who action={action} />
      </td>
      <td className="c-phases">
        <Phases action={action} hrefOf={hrefOf} />
      </td>
      <td className="w100 c-found small">
        {saw !== null && (
          <span className="wrap">
            <span className="t3">saw </span>
            <bdi>{saw}</bdi>
          </span>
        )}
        {found !== null && (
          <span className="wrap">
            <span className="t3">found </span>
            <bdi>{shownText(found)}</bdi>
          </span>
        )}
      </td>
    </tr>
  );
}

const shortTarget = (target: string): string => (INCARNATION.test(target) ? shortIncarnation(target) : shortId(target));
const INCARNATION = /^-?[0-9]{1,16}:-?[0-9]{1,19}$/;

function Who({ action: { actor } }: { readonly action: Action }) {
  if (actor === null) return <span className="t3">nobody is named</span>;
  return (
    <>
      <span>
        <Link href={routes.journal({ user: actor.user, view: "actions" })}>
          <bdi>{actor.user}</bdi>
        </Link>{" "}
        <span className="small t3">
          {actor.role}, {isMasked(actor.address) ? "address hidden" : <bdi>{actor.address || "no address"}</bdi>}
        </span>
      </span>
      {actor.reason !== "" && (
        <span className="small t2 wrap">
          “<bdi>{actor.reason}</bdi>”
        </span>
      )}
    </>
  );
}

function Phases({ action: { phases, whole }, hrefOf }: Pick<ActionRowProps, "action" | "hrefOf">) {
  const first = phases[0]?.event.observedAt;
  return (
    <ol className="phases">
      {!whole && <li className="unk small">earlier phases are further back</li>}
      {phases.map(({ phase, event }, index) => (
        <li key={event.id}>
          <Link href={hrefOf(event)} className="plain">
            <State system="operation" word={phase} />
          </Link>{" "}
          <span className="age">
            {index === 0 || first === undefined ? (
              <Instant at={event.observedAt} form="clock" />
            ) : (
              `+${formatDurationMs(event.observedAt - first)}`
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
