/** Workers of an executor by queue: a step that runs holds one, a suspended step holds none. */
export interface WorkerPools {
  /** Resolves with the way to give the worker back once one of this queue is free; unknown queues use `default`. */
  take(queue: string): Promise<() => void>;
  status(): readonly {
    readonly queue: string;
    readonly poolSize: number;
    readonly freeWorkers: number;
    readonly queueSize: number;
  }[];
}

interface Pool {
  readonly size: number;
  free: number;
  readonly waiting: (() => void)[];
}

export function createWorkerPools(sizes: Readonly<Record<string, number>>): WorkerPools {
  const pools = new Map<string, Pool>(
    Object.entries(sizes).map(([queue, size]) => [queue, { size, free: size, waiting: [] }]),
  );
  const fallback = pools.get("default") ?? { size: 1, free: 1, waiting: [] };

  return {
    async take(queue) {
      const pool = pools.get(queue) ?? fallback;
      if (pool.free > 0) pool.free -= 1;
      else await new Promise<void>((resolve) => pool.waiting.push(resolve));
      return () => {
        const next = pool.waiting.shift();
        if (next === undefined) pool.free += 1;
        else next();
      };
    },
    status: () =>
      [...pools].map(([queue, { size, free, waiting }]) => ({
        queue,
        poolSize: size,
        freeWorkers: free,
        queueSize: waiting.length,
      })),
  };
}
