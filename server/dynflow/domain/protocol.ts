/**
 * Which messages may be sent to the worlds of one database. The schema tells what rows look like, not which protocol the
 * worlds speak: two releases on one schema can disagree, and one message that a receiver cannot decode costs it its whole
 * inbox. So without a configured release only what every release of the schema understands is sent.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher.rb and db/migrations.
 */

/** Every request that Worldline can make of another world. */
export const REQUEST_TYPES = ["Execution", "Planning", "Event", "Halt", "Ping", "Status"] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

/** Before 1.4.0 request ids are integers: nothing is sent there. */
const OLDEST_SCHEMA = 19;
const NEWEST_SCHEMA = 25;
/** From here on everything serialized is msgpack, JSON text before. */
const MSGPACK_SCHEMA = 22;

type Release = readonly [major: number, minor: number, patch: number];

/** First release of each schema that can be acted on. */
const SCHEMAS: readonly { readonly since: Release; readonly schema: number }[] = [
  { since: [1, 4, 0], schema: 19 },
  { since: [1, 4, 4], schema: 20 },
  { since: [1, 6, 0], schema: 22 },
  { since: [1, 6, 1], schema: 23 },
  { since: [1, 6, 4], schema: 24 },
  { since: [2, 0, 0], schema: 25 },
];
/** First release that understands a message in the form in which it is written here. */
const SPOKEN_SINCE: Readonly<Record<RequestType, Release>> = {
  Execution: [1, 4, 0],
  Ping: [1, 4, 0],
  Status: [1, 4, 0],
  Event: [1, 4, 9],
  Planning: [1, 6, 0],
  Halt: [1, 9, 0],
};
/** Releases from here on may speak otherwise: they are not known. */
const UNKNOWN_SINCE: Release = [3, 0, 0];

export interface Protocol {
  /** How envelopes and records are written. */
  readonly encoding: "msgpack" | "json";
  /** Why nothing may be sent or written at all; `null` = something may. */
  readonly refusal: string | null;
  /** Why this message may not be sent, `refusal` included; `null` = it may. */
  refusalOf(type: RequestType): string | null;
}

/** `release` as configured (`2.0`, `1.6.4`), `null` = not stated. Total: whatever cannot be read refuses everything. */
export function protocolOf(schemaVersion: number, release: string | null): Protocol {
  const encoding = schemaVersion >= MSGPACK_SCHEMA ? "msgpack" : "json";
  const refusal = schemaRefusal(schemaVersion) ?? (release === null ? null : releaseRefusal(schemaVersion, release));
  const oldest = release === null ? oldestOf(schemaVersion) : (parseRelease(release)?.from ?? oldestOf(schemaVersion));
  return {
    encoding,
    refusal,
    refusalOf(type) {
      if (refusal !== null) return refusal;
      const since = SPOKEN_SINCE[type];
      if (!isBefore(oldest, since)) return null;
      const known =
        release === null
          ? `the release of this Dynflow is not configured, and its schema ${schemaVersion} is also that of ${oldest.join(".")}`
          : `the source is configured as release ${release}`;
      return `${type} is understood as of Dynflow ${since.join(".")}; ${known}`;
    },
  };
}

function schemaRefusal(schema: number): string | null {
  if (schema > NEWEST_SCHEMA) {
    return `The database has schema ${schema}, newer than Worldline knows: it acts on schemas ${OLDEST_SCHEMA} to ${NEWEST_SCHEMA} only`;
  }
  return schema < OLDEST_SCHEMA
    ? `The database has schema ${schema}; Worldline acts on schema ${OLDEST_SCHEMA} (Dynflow 1.4) and later only`
    : null;
}

function releaseRefusal(schema: number, text: string): string | null {
  const release = parseRelease(text);
  if (release === null) return `The source is configured as release ${text}, which is no release such as 2.0 or 1.6.4`;
  if (!isBefore(release.from, UNKNOWN_SINCE)) {
    return `The source is configured as release ${text}; Worldline speaks the protocols up to 2.x only`;
  }
  const schemas = schemasOf(release);
  // A database half-way between two releases' schemas is of neither.
  return schemas.includes(schema)
    ? null
    : `The source is configured as release ${text}, but its database has schema ${schema}: one of them is not what it seems, so nothing is sent`;
}

/** The first and last release that a text such as `1.4` can mean; `null` = it is none. */
function parseRelease(text: string): { readonly from: Release; readonly to: Release } | null {
  const parts = /^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?:[.-].*)?$/.exec(text.trim());
  if (parts === null) return null;
  const [major, minor, patch] = parts.slice(1, 4).map((part) => (part === undefined ? null : Number(part)));
  const any = Number.MAX_SAFE_INTEGER;
  return {
    from: [major ?? 0, minor ?? 0, patch ?? 0],
    to: [major ?? 0, minor ?? any, patch ?? any],
  };
}

function schemasOf({ from, to }: { readonly from: Release; readonly to: Release }): readonly number[] {
  return SCHEMAS.filter(({ since }, index) => {
    const next = SCHEMAS[index + 1]?.since ?? UNKNOWN_SINCE;
    return isBefore(from, next) && !isBefore(to, since);
  }).map(({ schema }) => schema);
}

/** The oldest release that leaves a database with this schema. Schema 21 is one that only a migration passes through. */
const oldestOf = (schema: number): Release => SCHEMAS.findLast((entry) => entry.schema <= schema)?.since ?? [0, 0, 0];

function isBefore(a: Release, b: Release): boolean {
  for (const index of [0, 1, 2] as const) if (a[index] !== b[index]) return a[index] < b[index];
  return false;
}
