import type { ShapeFault } from "./issues.ts";
import type { ReadSections } from "./rules.ts";
import type { BeamDocument } from "./schema.ts";
import { pairFaults } from "./tls-rules.ts";

/** What no single key of `beam` can say. */
export function beamFaults({ dna }: Pick<ReadSections, "dna">): readonly ShapeFault[] {
  const names = dna.map(({ whole }) => whole?.beam?.name ?? null);
  return dna.flatMap(({ whole }, index) => {
    const beam = whole?.beam;
    if (beam === undefined) return [];
    const at = ["dna", index, "beam"];
    const earlier = names.indexOf(beam.name);
    return [
      ...cookieFaults(beam, at),
      ...reachFaults(beam, at),
      ...pairFaults(beam.tls, [...at, "tls"]),
      ...(earlier < index
        ? [{ path: [...at, "name"], message: `${beam.name} is the name of an earlier source: each needs its own` }]
        : []),
    ];
  });
}

type At = readonly (string | number)[];

function cookieFaults({ cookieEnv, cookieFile }: BeamDocument, at: At): readonly ShapeFault[] {
  if (cookieEnv === undefined && cookieFile === undefined) {
    return [{ path: at, message: "needs cookieFile or cookieEnv: the cookie of the nodes" }];
  }
  if (cookieEnv === undefined || cookieFile === undefined) return [];
  return [{ path: [...at, "cookieFile"], message: "give cookieEnv or cookieFile, not both" }];
}

function reachFaults({ epmdPort, port }: BeamDocument, at: At): readonly ShapeFault[] {
  if (epmdPort === undefined || port === undefined) return [];
  const message = "give port where there is no port mapper, or epmdPort where there is one, not both";
  return [{ path: [...at, "port"], message }];
}
