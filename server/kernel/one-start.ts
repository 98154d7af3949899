import { OpsError } from "./errors.ts";

/** Lets one start at a time be under way for each key. */
export interface OneStart<T> {
  /**
   * Runs `start`. While one is under way for the key, the same request shares its end and another is refused.
   *
   * @throws OpsError `refused` (as a rejection) with `busy` for another request
   */
  run(key: string, requestId: string, start: () => Promise<T>): Promise<T>;
}

/** @param busy said to whoever comes second, for people */
export function createOneStart<T>(busy: string): OneStart<T> {
  const underWay = new Map<string, { readonly requestId: string; readonly end: Promise<T> }>();
  return {
    run(key, requestId, start) {
      const present = underWay.get(key);
      if (present?.requestId === requestId) return present.end;
      if (present !== undefined) return Promise.reject(new OpsError("refused", busy, { reasons: [busy] }));
      const end = start();
      underWay.set(key, { requestId, end });
      const ended = () => void underWay.delete(key);
      end.then(ended, ended);
      return end;
    },
  };
}
