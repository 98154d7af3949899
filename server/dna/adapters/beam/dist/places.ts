import { OpsError } from "#server/kernel/errors.ts";

/** Those who wait for a place at the same time; more are turned away. */
const QUEUE_MAX = 2_000;

/** A number of places; who comes when all are taken waits in line. */
export interface Places {
  /** Rejects with `limit-exceeded` when the line is too long. */
  take(): Promise<void>;
  leave(): void;
  /** Somebody who has a place does not use it at present: it may be needed. */
  spared(): void;
  /** Turns away who waits. */
  close(cause: OpsError): void;
}

/** `free` is asked for a place when none is left: it ends the use of one (which leaves), or answers false. */
export function createPlaces(max: number, free: () => boolean): Places {
  const line: { readonly enter: () => void; readonly fail: (cause: OpsError) => void }[] = [];
  let taken = 0;
  const serve = (): void => {
    while (line.length > 0 && (taken < max || free())) {
      if (taken >= max) return;
      taken += 1;
      line.shift()?.enter();
    }
  };
  return {
    take: () =>
      new Promise((resolve, reject) => {
        if (line.length >= QUEUE_MAX) {
          const words = `${QUEUE_MAX} calls wait for a connection to a node already`;
          reject(new OpsError("limit-exceeded", words, { details: { sent: false } }));
          return;
        }
        line.push({ enter: resolve, fail: reject });
        serve();
      }),
    leave() {
      taken -= 1;
      serve();
    },
    spared: serve,
    close(cause) {
      for (const { fail } of line.splice(0)) fail(cause);
    },
  };
}
