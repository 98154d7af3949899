/** What the console may do on the nodes of a cluster, found out by questions only: what `worldline check` says of them. */
import type { BeamAbility, DnaBeam } from "#server/dna/beam-ports.ts";
import { type Incarnation, sameIncarnation } from "#server/dna/domain/identity.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { EVALUATE_OFF } from "./abilities.ts";

/** A node as the table names it. */
export interface BeamSeat {
  readonly node: string;
  readonly incarnation: Incarnation;
  /** Age of its last beat by the database's clock; `null` = not told. */
  readonly writeAgeMs: number | null;
}

export interface BeamProbe {
  readonly reach: { readonly kind: "epmd" | "fixed"; readonly port: number };
  /** Whether the console may act on this cluster. */
  readonly act: boolean;
}

const NODES_MAX = 50;
/** A row whose beat is older is of a node that has ended, which answers nobody. */
const BEATING_WITHIN_MS = 30_000;

const WARNING =
  "the cookie is full control over the nodes: whoever has it may run anything there. Keep its file readable by the console alone";

/** Asks each beating node for its registration, its identity and what it is able to; acts on none. */
export async function probeBeam(
  beam: DnaBeam,
  seats: readonly BeamSeat[],
  options: BeamProbe,
): Promise<readonly Finding[]> {
  const beating = seats.filter(({ writeAgeMs }) => writeAgeMs === null || writeAgeMs <= BEATING_WITHIN_MS);
  const findings: Finding[] = [found.rights.note(WARNING), ...settingNotes(beam, options), ...unasked(seats, beating)];
  for (const seat of beating.slice(0, NODES_MAX)) {
    const { refused, ...node } = await probeNode(beam, seat, options);
    findings.push(...node.findings);
    // Every attempt is an entry in a node's log, and the others would say the same.
    if (refused && beating.length > 1) {
      findings.push(found.connection.note("the other nodes are not tried, as this one turned us away"));
      break;
    }
  }
  return findings;
}

function settingNotes(beam: DnaBeam, { act }: BeamProbe): readonly Finding[] {
  const off = "nothing may be evaluated on the nodes: no safe stop, and no top by backlog";
  return [
    ...(beam.evaluate ? [] : [found.capability.note(off, "beam: { evaluate: true }")]),
    ...(act ? [] : [found.capability.note("act is false: the nodes are looked at, and nothing on them is stopped")]),
  ];
}

function unasked(seats: readonly BeamSeat[], beating: readonly BeamSeat[]): readonly Finding[] {
  const silent = seats.length - beating.length;
  return [
    ...(silent > 0 ? [found.connection.note(silentText(silent))] : []),
    ...(beating.length === 0 ? [found.connection.note("no node beats at present: none is asked")] : []),
    ...(beating.length > NODES_MAX
      ? [found.connection.note(`${beating.length} nodes beat: ${NODES_MAX} of them are asked`)]
      : []),
  ];
}

const silentText = (rows: number): string =>
  rows === 1
    ? "a row of a node that no longer beats: it is not asked"
    : `${rows} rows of nodes that no longer beat: they are not asked`;

interface NodeFindings {
  readonly findings: readonly Finding[];
  readonly refused: boolean;
}

async function probeNode(beam: DnaBeam, seat: BeamSeat, options: BeamProbe): Promise<NodeFindings> {
  const { node } = seat;
  const registration = options.reach.kind === "epmd" ? await probeRegistration(beam, node, options.reach.port) : [];
  if (registration.some(({ verdict }) => verdict === "missing")) return { findings: registration, refused: false };
  try {
    const identity = await beam.identity(node);
    const answered = sameIncarnation(identity, seat.incarnation)
      ? found.connection.ok(`${node} answers as the incarnation of its row`)
      : found.connection.note(`${node} answers as another incarnation than its row: it was started again just now`);
    return { findings: [...registration, answered, ...(await probeAbilities(beam, node))], refused: false };
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    const link = beam.link(node);
    const refused = link.kind === "refused";
    const text =
      link.kind === "connected" ? messageOf(cause) : `${node}: ${"reason" in link ? link.reason : messageOf(cause)}`;
    const area = link.kind === "connected" ? found.capability : found.connection;
    return { findings: [...registration, area.missing(text, remedyFor(node, link.kind, options))], refused };
  }
}

async function probeRegistration(beam: DnaBeam, node: string, port: number): Promise<readonly Finding[]> {
  const registration = await beam.registration(node);
  switch (registration.kind) {
    case "registered":
      return [
        found.connection.ok(`${node} is registered with the port mapper of its host, on port ${registration.port}`),
      ];
    case "not-registered":
      return [
        found.connection.missing(
          `${node} is not registered with the port mapper of its host`,
          `beam: { port: … }   # where nodes run without a port mapper (-start_epmd false, -erl_epmd_port)`,
        ),
      ];
    default:
      return [
        found.connection.missing(
          `${node}: the port mapper does not answer: ${registration.reason}`,
          `allow TCP ${port} from here to that host; or beam: { epmdPort: … }, or { port: … } where there is none`,
        ),
      ];
  }
}

const remedyFor = (node: string, link: string, { reach }: BeamProbe): string => {
  if (link === "refused") {
    return "cookieFile or cookieEnv has to hold the cookie of that node (erlang:get_cookie()); its log says what it refused";
  }
  if (link === "connected") return "DNA has to run there, in a release that this console knows";
  const port =
    reach.kind === "fixed" ? `TCP ${reach.port}` : "the port of the node (kernel inet_dist_listen_min, _max)";
  return `allow ${port} from here to ${node.slice(node.indexOf("@") + 1)}; beam.tls has to be as the node has it`;
};

async function probeAbilities(beam: DnaBeam, node: string): Promise<readonly Finding[]> {
  const { otpRelease, elixir, missing } = await beam.abilities(node);
  const lacks = Object.entries(missing).filter(([, reason]) => reason !== EVALUATE_OFF);
  const runs = `${node} runs OTP ${otpRelease}${elixir === null ? "" : ` and Elixir ${elixir}`}`;
  return [
    found.capability.ok(lacks.length === 0 ? `${runs}: all that is asked of it is there` : runs),
    ...lacks.map(([ability, reason]) =>
      ability === FALLS_BACK
        ? found.capability.note(`${node}: ${reason}`)
        : found.capability.missing(`${node}: no ${ability}: ${reason}`),
    ),
  ];
}

/** There is another way to the same answer. */
const FALLS_BACK: BeamAbility = "first-instances";
