import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { termsOf } from "#server/contract/approval-terms.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-node-row.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { toEventActor, toResultPhase } from "#server/operations/tell.ts";
import { type Incarnation, parseIncarnationId } from "./domain/identity.ts";
import { judgeRowDeletion } from "./domain/row-deletion.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import { isMalformed } from "./ports.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";
import { ACT_OFF } from "./stop-words.ts";

export const DELETE_ROW_ACTION = "dna.nodes.deleteRow";
/** A good read is fresh for so long. */
const FRESH_MS = 5_000;

type Result = WireShape<typeof wire.deleteRowOutput>;

export interface NodeRowDeps {
  readonly sources: readonly DnaSource[];
  readonly watchOf: (sourceId: string) => IncarnationWatch | null;
  readonly operations: Operations;
  readonly clock: Clock;
}

/** Deletes what nobody deletes any more: rows of a cluster that is wholly dead. */
export function createNodeRowService(deps: NodeRowDeps) {
  const { sources, operations, clock } = deps;
  const deletions = createOneStart<Result>("Another row of this source is being deleted.");

  function preview(source: DnaSource, incarnation: string): WireShape<typeof wire.deleteRowPreviewOutput> {
    const { nodes, unreadable } = source.fold();
    const node = nodes[incarnation];
    if (node === undefined) throw new OpsError("not-found", `No incarnation ${incarnation} in ${source.id}`);
    const asOf = source.sample()?.asOf ?? null;
    const reasons = judgeRowDeletion({
      incarnation,
      fresh: asOf !== null && clock.now() - asOf <= FRESH_MS,
      incarnations: Object.entries(nodes)
        .filter(([, other]) => other.cluster === node.cluster)
        .map(([id, other]) => ({
          id,
          node: other.node,
          state: other.state,
          silentMs: source.liveness.sight(identityOf(id)).silentMs,
          answers: other.flags.zombie !== undefined,
        })),
      unreadable: Object.values(unreadable).filter(({ cluster }) => cluster === node.cluster).length,
    });
    const refusals = [
      ...(source.act ? [] : [ACT_OFF]),
      ...reasons.filter(({ holds }) => !holds).map(({ text }) => `Not yet true: ${text}`),
    ];
    return {
      ...asOfNow(clock, source),
      incarnation,
      node: node.node,
      cluster: node.cluster,
      state: node.state,
      reasons: reasons.map((reason) => ({ ...reason })),
      refusals,
    };
  }

  async function deleteNow(
    caller: Caller,
    source: DnaSource,
    input: WireIn<typeof wire.deleteRowInput>,
  ): Promise<Result> {
    const known = operations.known(input.requestId);
    if (known !== null) return { journalId: input.requestId, phase: toResultPhase(known.phase), note: null };
    const watch = deps.watchOf(source.id);
    if (watch === null) throw new OpsError("not-found", `No source ${source.id}`);
    await watch.check(input.incarnation);
    const seen = preview(source, input.incarnation);
    const moved = [
      ...(seen.state === input.expectedState ? [] : [`Its state was ${input.expectedState} and is ${seen.state}`]),
      ...(seen.node === input.expectedNode ? [] : [`Its name was ${input.expectedNode} and is ${seen.node}`]),
    ];
    if (moved.length > 0) throw new OpsError("conflict", "The world has moved since you looked", { reasons: moved });
    if (seen.refusals.length > 0)
      throw new OpsError("refused", seen.refusals[0] ?? "Refused", { reasons: seen.refusals });
    const operation: OperationRequest = {
      requestId: input.requestId,
      facts: {
        action: DELETE_ROW_ACTION,
        stream: dnaStream(source.id),
        target: input.incarnation,
        expected: { state: input.expectedState, node: input.expectedNode },
      },
      actor: toEventActor(caller, input.reason),
      terms: termsOf(input),
    };
    await operations.request(operation);
    return send(source, operation, seen.cluster);
  }

  async function send(source: DnaSource, operation: OperationRequest, cluster: string): Promise<Result> {
    const incarnation = identityOf(operation.facts.target);
    const journalId = operation.requestId;
    try {
      const outcome = await source.store.deleteNodeRow(cluster, incarnation);
      if (outcome.kind === "unknown") await operations.settle(operation, "unknown", outcome.reason);
      else await operations.settle(operation, "executed", null);
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
    const there = await isThere(source, cluster, incarnation);
    if (there === null) return { journalId, phase: "unknown", note: "It could not be read afterwards." };
    const note = there ? "Its row is still there." : "Its row is gone.";
    await operations.settle(operation, there ? "unverified" : "verified", note);
    return { journalId, phase: there ? "executed" : "verified", note };
  }

  return {
    async deleteRowPreview(
      caller: Caller,
      input: WireIn<typeof wire.deleteRowPreviewInput>,
    ): WireOut<typeof wire.deleteRowPreviewOutput> {
      return preview(sourceFor(caller, sources, input.source), input.incarnation);
    },
    deleteRow(caller: Caller, input: WireIn<typeof wire.deleteRowInput>): WireOut<typeof wire.deleteRowOutput> {
      const source = sourceFor(caller, sources, input.source);
      return deletions.run(source.id, input.requestId, () => deleteNow(caller, source, input));
    },
  };
}

/** `null` = it could not be read: what was sent stays as it was settled. */
async function isThere(source: DnaSource, cluster: string, { createdAt, id }: Incarnation): Promise<boolean | null> {
  try {
    const rows = await source.store.nodes(cluster);
    return rows.some(
      (row) => !isMalformed(row) && row.incarnation.createdAt === createdAt && row.incarnation.id === id,
    );
  } catch {
    return null; // the database went away in between: the reader tells of that
  }
}

function identityOf(text: string): Incarnation {
  const incarnation = parseIncarnationId(text);
  if (incarnation === null) throw new OpsError("invalid-input", `${text} is no incarnation`);
  return incarnation;
}
