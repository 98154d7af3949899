import type { OperationFold } from "#server/contract/fold/operator.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Operations } from "#server/operations/ports.ts";

export interface RequestIdentity {
  readonly requestId: string;
  readonly action: string;
  readonly target: string;
}

/** The same request twice, by a double click or a repeated call, is one: the second caller is told what became of it. */
export interface Once {
  /**
   * Runs `act` unless this request is under way or known already; then `again` answers from what is known of it.
   *
   * @throws OpsError `invalid-input` when the id belongs to another command
   */
  run<T>(id: RequestIdentity, act: () => Promise<T>, again: (known: OperationFold | null) => T): Promise<T>;
  isUnderWay(requestId: string): boolean;
}

export function createOnce(operations: Pick<Operations, "known">): Once {
  const underWay = new Map<string, RequestIdentity & { readonly end: Promise<unknown> }>();

  return {
    isUnderWay: (requestId) => underWay.has(requestId),
    run(id, act, again) {
      const present = underWay.get(id.requestId);
      const known = operations.known(id.requestId);
      const other = present ?? known;
      if (other !== null && (other.action !== id.action || other.target !== id.target)) {
        throw new OpsError("invalid-input", "This request id was used for something else");
      }
      if (present !== undefined) return present.end.then(() => again(operations.known(id.requestId)));
      if (known !== null) return Promise.resolve(again(known));
      const end = act().finally(() => underWay.delete(id.requestId));
      underWay.set(id.requestId, { ...id, end });
      return end;
    },
  };
}
