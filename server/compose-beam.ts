import type { BeamConfiguration } from "#server/config/model.ts";
import { createRemoteNodes } from "#server/dna/adapters/beam/dist/node-pool.ts";
import { createDnaBeam } from "#server/dna/adapters/beam/dna-beam.ts";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** The way to the nodes of one cluster. Connects to a node when something is asked of it. */
export function openBeam(configuration: BeamConfiguration, clock: Clock, log: Logger): DnaBeam {
  const { name, cookie, reach, tls, evaluate } = configuration;
  const remote = createRemoteNodes({
    name,
    cookie,
    reach,
    tls:
      tls === null
        ? null
        : {
            ca: tls.ca.reveal(),
            ...(tls.certificate === null ? {} : { certificate: tls.certificate.reveal() }),
            ...(tls.key === null ? {} : { key: tls.key }),
            checkHost: tls.checkHost,
          },
    clock,
    log,
  });
  return createDnaBeam(remote, { evaluate, clock });
}
