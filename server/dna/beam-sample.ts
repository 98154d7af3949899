/** Asking one node how it is: each answer with its instant, one that is missing with its reason. */
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type BeamWitness, LOOK_TIMEOUT_MS } from "./beam-evidence.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type BeamNodeSample, emptySample } from "./beam-sampling.ts";
import { withinDeadline } from "./deadline.ts";
import { toIncarnationId } from "./domain/identity.ts";

export interface SampleDeps {
  readonly beam: Pick<DnaBeam, "partitions" | "vitals" | "lastRefresh">;
  readonly witness: Pick<BeamWitness, "look">;
  readonly clock: Clock;
}

/** Who the node is; `failure` says why it did not tell. What it told before stays, with its age. */
export async function askIdentity({ witness, clock }: SampleDeps, sample: BeamNodeSample): Promise<BeamNodeSample> {
  const identityAt = clock.now();
  const { identity, silence, unregistered } = await witness.look(sample.node);
  if (identity === null || silence !== null || unregistered !== null)
    return { ...sample, answers: false, failure: silence ?? "its name is not registered at its host's port mapper" };
  return { ...sample, identity: toIncarnationId(identity.incarnation), identityAt, answers: true, failure: null };
}

/** Running instances of each partition. */
export async function askPartitions({ beam, clock }: SampleDeps, sample: BeamNodeSample): Promise<BeamNodeSample> {
  const partitionsAt = clock.now();
  const told = await answer(clock, "Its partitions", () => beam.partitions(sample.node));
  return "failure" in told ? { ...sample, ...told } : { ...sample, partitions: told.value, partitionsAt };
}

/** Its VM and the age of its last refresh. */
export async function askVitals({ beam, clock }: SampleDeps, sample: BeamNodeSample): Promise<BeamNodeSample> {
  const vitalsAt = clock.now();
  const vitals = await answer(clock, "Its vitals", () => beam.vitals(sample.node));
  const refreshAt = clock.now();
  const refresh = await answer(clock, "Its last refresh", () => beam.lastRefresh(sample.node));
  return {
    ...sample,
    ...("failure" in vitals ? vitals : { vitals: vitals.value, vitalsAt }),
    ...("failure" in refresh ? refresh : { lastRefreshMs: refresh.value, refreshAt }),
  };
}

/** Everything at once, for somebody who looks at a node that is not sampled. */
export async function takeSample(deps: SampleDeps, node: string): Promise<BeamNodeSample> {
  const known = await askIdentity(deps, emptySample(node));
  return known.answers ? askVitals(deps, await askPartitions(deps, known)) : known;
}

type Answer<T> = { readonly value: T } | { readonly failure: string };

/** One that lacks an ability still has the others. */
async function answer<T>(clock: Clock, what: string, call: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await withinDeadline(clock, LOOK_TIMEOUT_MS, what, call) };
  } catch (cause) {
    if (cause instanceof OpsError) return { failure: messageOf(cause) };
    throw cause;
  }
}
