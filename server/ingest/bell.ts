/** Wakes one that waits for something to do; a ring while nobody waits is heard by the next who does. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or at once after one that nobody heard; also when the signal is aborted. */
  heard(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async heard(signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const end = () => {
            signal.removeEventListener("abort", end);
            resolve();
          };
          wake = end;
          signal.addEventListener("abort", end);
        });
      }
      wake = null;
      rung = false;
    },
  };
}
